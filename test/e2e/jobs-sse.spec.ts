import { get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { type JobContext, type JobHandler, JobKind, NoPayload } from '../../src/modules/jobs';
import { TenantDatabase } from '../../src/platform/database/tenant-database';
import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestPerson, type TestTenant } from '../support/app';
import { until } from '../../src/testing/until';

const waiting = new Map<string, () => void>();

@JobKind({ name: 'test.watched', description: 'Waits to be let go.', payload: NoPayload, concurrencyShare: 1 })
class Watched implements JobHandler<NoPayload> {
  async run(context: JobContext) {
    await context.log('one\r\ndata: forged\r\n\r\nid: 99\r\nevent: forged');
    await context.progress(50, 'half\nway');
    await new Promise<void>((resolve, reject) => {
      waiting.set(context.jobId, resolve);
      context.signal.addEventListener('abort', () => {
        reject(context.signal.reason as Error);
      });
    });
  }
}

@Module({ imports: [daybook.workerModule], providers: [Watched] })
class StreamTestModule {}

interface Event {
  readonly id: number;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A reader of one stream. */
class Stream {
  readonly status: number;
  readonly headers: Headers;
  text = '';
  ended = false;
  private readonly controller: AbortController;

  private constructor(answer: Response, controller: AbortController) {
    this.status = answer.status;
    this.headers = answer.headers;
    this.controller = controller;
    void this.read(answer);
  }

  static async open(app: TestApp, path: string, token: string, headers: Record<string, string> = {}): Promise<Stream> {
    const controller = new AbortController();
    const answer = await fetch(app.url + path, {
      headers: { authorization: `Bearer ${token}`, ...headers },
      signal: controller.signal,
    });
    return new Stream(answer, controller);
  }

  get events(): Event[] {
    return this.text
      .split('\n\n')
      .filter((block) => block.includes('data:'))
      .map((block) => {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        return {
          id: Number(field('id')),
          event: field('event'),
          data: JSON.parse(field('data')) as Record<string, unknown>,
        };
      });
  }

  /** Why it was ended, where it says so. */
  get reason(): unknown {
    const last = this.events.at(-1);
    return last?.event === 'closing' ? last.data.reason : undefined;
  }

  close(): void {
    this.controller.abort();
  }

  private async read(answer: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of answer.body ?? []) this.text += decoder.decode(chunk as Uint8Array, { stream: true });
    } catch {
      // closed by us, or cut off
    }
    this.ended = true;
  }
}

describe('GET /v1/jobs/{id}/events', () => {
  let app: TestApp;
  let owner: TestTenant;

  beforeAll(async () => {
    app = await startTestApp(
      // a stream lasts for longer than a request may take to arrive
      { JOBS_SWEEP_INTERVAL_MS: '100', JOBS_TENANT_CONCURRENCY: '4', REQUEST_TIMEOUT_MS: '500' },
      undefined,
      StreamTestModule,
    );
    owner = await app.createTenantWithOwner();
  });

  afterAll(() => app.close());

  const start = async (person: TestPerson = owner): Promise<string> => {
    const made = await app.request('POST', '/v1/jobs', {
      token: person.token,
      body: { kind: 'test.watched', payload: {} },
    });
    if (made.status !== 202) throw new Error(made.text);
    const id = made.body.id as string;
    await until('it runs', () => waiting.has(id));
    return id;
  };
  const events = (id: string) => `/v1/jobs/${id}/events`;

  it('API-19 F5 tells what happens, in order, ends with the job, and data forges no events', async () => {
    const id = await start();
    const stream = await Stream.open(app, events(id), owner.token);
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    expect(stream.headers.get('cache-control')).toContain('no-store');
    await until('the first four have come', () => stream.events.length === 4);
    expect(stream.ended).toBe(false);
    waiting.get(id)?.();
    await until('it ends', () => stream.ended);
    expect(stream.events.map(({ id: sequence, event }) => [sequence, event])).toEqual([
      [1, 'state'],
      [2, 'state'],
      [3, 'log'],
      [4, 'progress'],
      [5, 'state'],
    ]);
    expect(stream.events[2]?.data.message).toContain('forged');
    expect(stream.events[3]?.data).toMatchObject({ percent: 50, message: 'half\nway' });
    expect(stream.events[4]?.data).toMatchObject({ state: 'succeeded' });
  });

  it('API-19 goes on after Last-Event-ID, and says 204 when there is nothing more', async () => {
    const id = await start();
    waiting.get(id)?.();
    const all = await Stream.open(app, events(id), owner.token);
    await until('it ends', () => all.ended);
    const rest = await Stream.open(app, events(id), owner.token, { 'last-event-id': '3' });
    await until('it ends', () => rest.ended);
    expect(rest.events).toEqual(all.events.slice(3));
    const after = await Stream.open(app, events(id), owner.token, { 'last-event-id': '5' });
    expect(after.status).toBe(204);
    const nonsense = await Stream.open(app, events(id), owner.token, { 'last-event-id': '3; DROP' });
    await until('it ends', () => nonsense.ended);
    expect(nonsense.events).toEqual(all.events);
  });

  it('API-19 a quiet stream gives a sign of life', async () => {
    const id = await start();
    const stream = await Stream.open(app, events(id), owner.token);
    await until('a second comment has come', () => (stream.text.match(/^: /gm) ?? []).length === 2, 25_000);
    waiting.get(id)?.();
    await until('it ends', () => stream.ended);
    expect(stream.events.at(-1)?.data).toMatchObject({ state: 'succeeded' });
  }, 40_000);

  it('API-19 quiet streams cost one look at a time, however many they are', async () => {
    const id = await start();
    const streams = await Promise.all(Array.from({ length: 20 }, () => Stream.open(app, events(id), owner.token)));
    await until('all have come so far', () => streams.every((stream) => stream.events.length === 4));
    const run = jest.spyOn(app.app.get(TenantDatabase), 'run');
    const begun = Date.now();
    await until('two seconds have passed', () => Date.now() - begun > 2_000);
    const looks = run.mock.calls.filter(([tenantId]) => tenantId === owner.tenantId).length;
    run.mockRestore();
    // one each would be eighty
    expect(looks).toBeGreaterThan(1);
    expect(looks).toBeLessThan(12);
    waiting.get(id)?.();
    await until('all end', () => streams.every((stream) => stream.ended));
    for (const stream of streams) expect(stream.events.map(({ id: sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  });

  it('API-19 closes when the session ends', async () => {
    const leaver = await app.createTenantWithOwner();
    const id = await start(leaver);
    const stream = await Stream.open(app, events(id), leaver.token);
    await until('it is open', () => stream.events.length > 0);
    const out = await app.request('POST', '/v1/auth/sign-out', { token: leaver.token });
    expect(out.status).toBeLessThan(300);
    await until('it ends', () => stream.ended);
    expect(stream.reason).toBe('credential-ended');
    waiting.get(id)?.();
  });

  it('API-19 closes when the tenant is suspended', async () => {
    const tenant = await app.createTenantWithOwner();
    const id = await start(tenant);
    const stream = await Stream.open(app, events(id), tenant.token);
    await until('it is open', () => stream.events.length > 0);
    const { token } = await app.signInPlatformAdmin();
    const suspended = await app.request('PATCH', `/v1/tenants/${tenant.tenantId}`, {
      token,
      headers: { 'if-match': '"1"' },
      body: { status: 'suspended' },
    });
    expect(suspended.status).toBe(200);
    await until('it ends', () => stream.ended, 5_000);
    expect(stream.reason).toBe('credential-ended');
    waiting.get(id)?.();
  });

  it('API-19 closes when the access token expires', async () => {
    const id = await start();
    const stream = await Stream.open(app, events(id), owner.token);
    await until('it is open', () => stream.events.length > 0);
    const { now } = Date;
    // the life of a token, and what clocks may differ by
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + 340_000);
    try {
      await until('it ends', () => stream.ended, 5_000);
      expect((await app.request('GET', events(id), { token: owner.token })).status).toBe(401);
    } finally {
      clock.mockRestore();
    }
    waiting.get(id)?.();
  });

  it('API-19 a reader that does not read is cut off, and nothing is piled up for it', async () => {
    const [megabytes, perEvent] = [64, 64];
    const id = await start();
    await app.sql(
      `INSERT INTO job_events (tenant_id, job_id, sequence, type, data)
       SELECT $1, $2, 10 + n, 'log', jsonb_build_object('message', repeat('x', $4 * 1024))
       FROM generate_series(1, $3::int) AS n`,
      [owner.tenantId, id, (megabytes * 1024) / perEvent, perEvent],
    );
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${owner.token}` };
      get(app.url + events(id), { headers, agent: false }, resolve).on('error', reject);
    });
    const cut = new Promise((resolve) => answer.once('close', resolve));
    answer.on('error', () => undefined);
    let bytes = 0;
    await delay(14_000);
    // what was under way when it was cut off
    answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await cut;
    expect(answer.complete).toBe(false);
    expect(bytes).toBeLessThan((megabytes / 2) * 1024 * 1024);
    waiting.get(id)?.();
  }, 40_000);

  it('API-19 a tenant has a number of streams, and gets them back when readers leave', async () => {
    const id = await start();
    const streams = await Promise.all(Array.from({ length: 20 }, () => Stream.open(app, events(id), owner.token)));
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200));
    const refused = await app.request('GET', events(id), { token: owner.token });
    expect([refused.status, refused.body.code]).toEqual([429, 'too-many-streams']);
    const other = await app.createTenantWithOwner();
    const theirs = await start(other);
    const open = await Stream.open(app, events(theirs), other.token);
    expect(open.status).toBe(200);
    for (const stream of [...streams, open]) stream.close();
    await until(
      'there is room again',
      async () => {
        const again = await Stream.open(app, events(id), owner.token);
        again.close();
        return again.status === 200;
      },
      3_000,
    );
    waiting.get(id)?.();
    waiting.get(theirs)?.();
  });

  it('HEAD asks for the headers only', async () => {
    const id = await start();
    const answer = await app.request('HEAD', events(id), { token: owner.token });
    expect([answer.status, answer.text]).toEqual([200, '']);
    waiting.get(id)?.();
  });

  it('REL SIGTERM: streams end when the process drains', async () => {
    const beside = await startTestApp({}, app);
    const id = await start();
    const stream = await Stream.open(beside, events(id), owner.token);
    await until('it is open', () => stream.events.length > 0);
    const begun = Date.now();
    await beside.close();
    await until('it ends', () => stream.ended);
    expect(stream.reason).toBe('shutting-down');
    expect(Date.now() - begun).toBeLessThan(5_000);
    waiting.get(id)?.();
  });
});
