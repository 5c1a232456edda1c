import { request as send } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Delete, Get, Module, Res } from '@nestjs/common';
import { Readable } from 'node:stream';
import { type FastifyReply } from 'fastify';
import { WithoutTransaction } from '../../src/platform/http/unit-of-work.interceptor';
import { Public } from '../../src/platform/security/access.decorators';
import { daybook } from '../../src/app';
import { startTestApp, type TestApp } from '../support/app';

const DEADLINE_MS = 300;
/** Time for every clock of a request that is started to run out, and to be looked at (once a second). */
const LONG_MS = 5 * DEADLINE_MS;

@Controller('long')
@Public()
@WithoutTransaction()
class LongController {
  @Get()
  async slow(): Promise<{ finished: true }> {
    await delay(LONG_MS);
    return { finished: true };
  }

  @Delete()
  async remove(): Promise<{ finished: true }> {
    await delay(LONG_MS);
    return { finished: true };
  }

  @Get('lines')
  async lines(@Res() reply: FastifyReply): Promise<void> {
    async function* lines() {
      for (let line = 0; line < 6; line += 1) {
        await delay(LONG_MS / 5);
        yield `${line}\n`;
      }
    }
    await reply.type('text/plain').send(Readable.from(lines(), { objectMode: false }));
  }
}

@Module({ imports: [daybook.module], controllers: [LongController] })
class LongModule {}

describe('an answer that takes longer than a body may', () => {
  let app: TestApp;

  beforeAll(async () => {
    // both time limits of Node's own, too: for headers, and for the whole request
    const short = { REQUEST_TIMEOUT_MS: String(DEADLINE_MS), UPLOAD_TIMEOUT_MS: String(2 * DEADLINE_MS) };
    app = await startTestApp(short, undefined, LongModule);
  });

  afterAll(() => app.close());

  it.each(['GET', 'HEAD', 'DELETE'])('API-01 comes all the same: %s', async (method) => {
    expect((await app.request(method, '/v1/long')).status).toBe(200);
  });

  it('API-01 comes to the end when it is a stream', async () => {
    expect((await app.request('GET', '/v1/long/lines')).text).toBe('0\n1\n2\n3\n4\n5\n');
  });

  it('API-01 comes to a GET with a body that no route reads', async () => {
    const status = await new Promise((resolve, reject) => {
      const request = send(`${app.url}/v1/long`, { method: 'GET', headers: { 'content-length': 2 } }, (answer) => {
        resolve(answer.resume().statusCode);
      });
      request.on('error', reject).end('{}');
    });
    expect(status).toBe(200);
  });
});

describe('an answer that begins before the deadline of its request and ends after it', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ REQUEST_DEADLINE_MS: String(DEADLINE_MS * 3) }, undefined, LongModule);
  });

  afterAll(() => app.close());

  it('API-01 is not cut: a stream comes to its end', async () => {
    expect((await app.request('GET', '/v1/long/lines')).text).toBe('0\n1\n2\n3\n4\n5\n');
  });

  it('API-01 one that has not begun by then is answered with a problem', async () => {
    const { status, body, headers } = await app.request('GET', '/v1/long');
    expect([status, (body as { code: string }).code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1']);
  });
});
