import { setTimeout as delay } from 'node:timers/promises';
import Redis from 'ioredis';
import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { startAppProcess } from '../support/app-process';
import { createTestDatabase } from '../../src/testing/database';
import { createLedger, posting, type TestLedger } from '../support/ledger';
import { type OwnRedis, startOwnRedis } from '../support/redis';
import { until } from '../../src/testing/until';

/** Redis is there, answers at once, and takes nothing. */
describe('Redis refuses to write', () => {
  let redis: OwnRedis;
  let admin: Redis;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;

  beforeAll(async () => {
    redis = await startOwnRedis();
    admin = new Redis(redis.url);
    const database = await createTestDatabase();
    app = await startTestApp(
      { REDIS_URL: redis.url, JOBS_SWEEP_INTERVAL_MS: '200' },
      { database, logs: { lines: [] as string[] } } as TestApp,
      daybook.workerModule,
    );
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
  });

  afterAll(async () => {
    await app.close();
    await app.database.drop();
    admin.disconnect();
    await redis.stop();
  });

  const job = async (id: string) => (await app.request('GET', `/v1/jobs/${id}`, { token: owner.token })).body;
  const enqueue = () =>
    app.request('POST', '/v1/jobs', { token: owner.token, body: { kind: 'maintenance.purge', payload: {} } });

  it.each([
    {
      state: 'out of memory',
      begin: () => admin.config('SET', 'maxmemory', '1mb'),
      says: 'OOM',
      end: () => admin.config('SET', 'maxmemory', '0'),
    },
    {
      state: 'read-only',
      // a replica of nobody
      begin: () => admin.replicaof('127.0.0.1', 9),
      says: 'READONLY',
      end: () => admin.replicaof('NO', 'ONE'),
    },
  ])(
    'REL F18 $state: requests are answered, jobs run when it takes them again, each once',
    async ({ begin, says, end }) => {
      await begin();
      await expect(admin.set('test', '1')).rejects.toThrow(says);
      const begun = Date.now();
      expect((await app.request('GET', '/v1/me', { token: owner.token })).status).toBe(200);
      const signedIn = await app.request('POST', '/v1/auth/sign-in', {
        body: { email: owner.email, password: owner.password },
      });
      expect(signedIn.status).toBe(200);
      const transfer = { token: owner.token, body: posting('12.50') };
      expect((await app.request('POST', `${ledger.path}/transactions`, transfer)).status).toBe(201);
      const made = [await enqueue(), await enqueue(), await enqueue()];
      expect(made.map(({ status, body }) => [status, body.state as string])).toEqual(made.map(() => [202, 'queued']));
      expect(Date.now() - begun).toBeLessThan(5_000);
      // the sweeper tries, and is refused too
      await delay(1_000);
      const ids = made.map(({ body }) => body.id as string);
      for (const id of ids) expect(await job(id)).toMatchObject({ state: 'queued', attempts: 0 });

      await end();
      for (const id of ids)
        expect(
          await until(
            'it ran',
            async () => {
              const found = await job(id);
              return found.state === 'succeeded' && found;
            },
            30_000,
          ),
        ).toMatchObject({ attempts: 1, error: null });
    },
    60_000,
  );

  it('REL F18 a password that is not the right one: the worker stays, degraded, and works once it is', async () => {
    await admin.config('SET', 'requirepass', 'right');
    const url = new URL(redis.url);
    url.password = 'wrong';
    const worker = await startAppProcess(
      { REDIS_URL: url.href, DATABASE_URL: app.database.databaseUrl, JOBS_SWEEP_INTERVAL_MS: '200' },
      'worker',
    );
    try {
      const status = async () =>
        ((await (await fetch(`${worker.url}/health/ready`)).json()) as { status: string }).status;
      await delay(2_000);
      expect(await status()).toBe('degraded');
      await admin.config('SET', 'requirepass', 'wrong');
      await until('it has Redis', async () => (await status()) === 'ok');
      expect(worker.output()).not.toContain('UnhandledPromise');
    } finally {
      await admin.config('SET', 'requirepass', '');
      await worker.kill();
    }
  }, 60_000);
});
