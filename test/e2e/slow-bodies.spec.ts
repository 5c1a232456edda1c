import { connect } from 'node:net';
import { startTestApp, type TestApp, type TestPerson } from '../support/app';
import { createLedger, posting } from '../support/ledger';
import { LineStream } from '../support/line-stream';

const DEADLINE_MS = 300;

let app: TestApp;
let owner: TestPerson;

beforeAll(async () => {
  app = await startTestApp({ REQUEST_TIMEOUT_MS: String(DEADLINE_MS) });
  owner = await app.signIn('owner');
});

afterAll(() => app.close());

/** Sends the head and a part of the body, then nothing. Answers with what the server says until it hangs up. */
function stall(path: string, type: string, part: string): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.on('close', () => {
      resolve(answer);
    });
    socket.on('error', () => undefined);
    setTimeout(() => socket.destroy(), DEADLINE_MS * 5);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${owner.token}\r\nIdempotency-Key: slow\r\nContent-Type: ${type}\r\nContent-Length: 1000\r\n\r\n${part}`,
    );
  });
}

describe('a body that does not arrive', () => {
  it('API-01 is answered with 408 as a problem, at the time limit', async () => {
    const answer = await stall('/v1/ledgers', 'application/json', '{"name":');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain('"code":"request-timeout"');
  });

  it('is no danger when the answer went out before it: nobody listens to it then', async () => {
    const answer = await stall('/v1/ledgers', 'text/plain', 'x');
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
    // past the time limit of the body that never came
    await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS * 2));
    expect((await app.request('GET', '/health/live')).status).toBe(200);
  });

  it('may be the file of an import, which has a limit of its own', async () => {
    const ledger = await app.request('POST', '/v1/ledgers', { token: owner.token, body: { name: 'Slow' } });
    const first = 'transaction,date,description,account,currency,amount\n';
    const rows = '1,2026-01-01,x,assets:a,EUR,1\n1,2026-01-01,x,income:b,EUR,-1\n';
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      // longer than other bodies may take, in two parts
      pull: async (controller) => {
        if (sent === 1) await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS * 2));
        if (sent === 2) controller.close();
        else controller.enqueue(new TextEncoder().encode(sent === 0 ? first : rows));
        sent += 1;
      },
    });
    const answer = await fetch(`${app.url}/v1/ledgers/${(ledger.body as { id: string }).id}/imports`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { authorization: `Bearer ${owner.token}`, 'idempotency-key': 'slow-file', 'content-type': 'text/csv' },
    });
    expect(answer.status).toBe(202);
  });

  it('may be lines of a bulk request, which have a limit of their own, too', async () => {
    const ledger = await createLedger(app, owner.token);
    const stream = new LineStream(`${app.url}${ledger.path}/transactions/bulk`, { token: owner.token });
    await stream.send(posting('1.00'));
    await stream.linesUpTo(1);
    await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS * 2));
    await stream.send(posting('1.00'));
    await stream.linesUpTo(2);
    stream.end();
    expect(await stream.whole()).toMatchObject({ status: 200 });
  });
});
