import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { until } from '../../src/testing/until';

export interface LineStreamOptions {
  readonly token: string;
  readonly key?: string;
  readonly type?: string;
}

/** A client that sends lines and reads lines at the same time, over HTTP as it is. */
export class LineStream {
  /** Of the answer, once its head is there. */
  status: number | undefined;
  /** The answer came to its proper end. */
  ended = false;
  private text = '';
  private readonly request;
  private answer: IncomingMessage | undefined;

  constructor(
    url: string,
    { token, key = `stream-${Math.random()}`, type = 'application/x-ndjson' }: LineStreamOptions,
    private readonly reading = true,
  ) {
    this.request = request(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': key, 'content-type': type },
      agent: false,
    });
    this.request.on('error', () => undefined);
    this.request.on('response', (answer) => {
      this.status = answer.statusCode;
      this.answer = answer;
      answer.on('error', () => undefined);
      if (this.reading) this.read();
    });
  }

  /** Lines of the answer so far. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
  get lines(): any[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  }

  /** All of the answer so far, where it is one JSON. */
  get body(): unknown {
    return JSON.parse(this.text);
  }

  /** @returns once there is room for more */
  async send(...lines: unknown[]): Promise<void> {
    const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
    if (!this.request.write(text)) await once(this.request, 'drain');
  }

  read(): void {
    this.answer?.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    this.answer?.on('end', () => (this.ended = true));
  }

  end(): void {
    this.request.end();
  }

  /** Hangs up. */
  cut(): void {
    this.request.destroy();
  }

  async linesUpTo(count: number, withinMs?: number): Promise<unknown[]> {
    await until(`${count} lines`, () => this.text.split('\n').length > count, withinMs);
    return this.lines;
  }

  async whole(withinMs?: number): Promise<this> {
    await until('the end of the answer', () => this.ended, withinMs);
    return this;
  }
}
