import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Parsed when it is JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

/**
 * Sends bytes as they are, which a client library would mend or refuse, and reads one answer until the server closes
 * the connection.
 */
export function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer in 10 seconds')));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error) => {
      // a server that refuses a long body closes while it is still being sent
      if (chunks.length === 0) reject(error);
    });
    socket.on('close', () => {
      resolve(parse(Buffer.concat(chunks).toString('latin1')));
    });
  });
}

/** A request with these lines as its head, and this body. It asks the server to close. */
export function sendLines(url: string, lines: readonly string[], body: string | Buffer = ''): Promise<RawAnswer> {
  const head = [...lines, `Host: ${new URL(url).host}`, 'Connection: close', '', ''].join('\r\n');
  return sendRaw(url, Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]));
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const body = Buffer.from(text.slice(end + 4), 'latin1').toString();
  const json = /json/.test(headers['content-type'] ?? '') && body !== '' ? (JSON.parse(body) as unknown) : undefined;
  return { status: Number(statusLine.split(' ')[1]), headers, body, json };
}
