import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lifecycle } from '../../src/platform/lifecycle/lifecycle';
import { daybook } from '../../src/app';
import { startTestApp, type TestApp } from '../support/app';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { Proxy } from '../support/proxy';
import { until } from '../../src/testing/until';

describe('health and metrics', () => {
  let database: TestDatabase;
  let redis: Proxy;
  let postgres: Proxy;
  let app: TestApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = await Proxy.before(database.redisUrl);
    postgres = await Proxy.before(database.databaseUrl);
    app = await startTestApp(
      { REDIS_URL: redis.url, DATABASE_URL: postgres.url, JOBS_SWEEP_INTERVAL_MS: '200' },
      { database, logs: { lines: [] as string[] } } as TestApp,
      daybook.workerModule,
    );
  });

  afterAll(async () => {
    await app.close();
    await redis.cut();
    await postgres.cut();
    await database.drop();
  });

  const ready = () => app.request('GET', '/health/ready');

  it('is alive and ready', async () => {
    expect((await app.request('GET', '/health/live')).body).toEqual({ status: 'ok' });
    expect((await ready()).body).toEqual({ status: 'ok', checks: { database: 'up', redis: 'up' } });
  });

  it('REL F18 Redis gone: requests are answered, readiness is degraded, jobs wait and run when it is back', async () => {
    const owner = await app.createTenantWithOwner();
    await redis.cut();
    const degraded = await until('readiness has noticed', async () => {
      const answer = await ready();
      return answer.body.status === 'degraded' && answer;
    });
    expect(degraded.status).toBe(200);
    expect(degraded.body.checks).toEqual({ database: 'up', redis: 'down' });

    const begun = Date.now();
    const made = await app.request('POST', '/v1/jobs', {
      token: owner.token,
      body: { kind: 'maintenance.purge', payload: {} },
    });
    expect([made.status, made.body.state]).toEqual([202, 'queued']);
    expect((await app.request('GET', '/v1/jobs', { token: owner.token })).status).toBe(200);
    expect((await app.request('GET', '/metrics')).text).toContain('jobs_queue_depth Nan');
    expect(Date.now() - begun).toBeLessThan(3_000);

    await redis.restore();
    await until(
      'the job ran',
      async () =>
        (await app.request('GET', `/v1/jobs/${made.body.id as string}`, { token: owner.token })).body.state ===
        'succeeded',
      25_000,
    );
    await until('readiness has recovered', async () => (await ready()).body.status === 'ok');
  }, 60_000);

  it('REL PostgreSQL gone: not ready, within a second, alive all the same; ready again when it is back', async () => {
    await postgres.cut();
    const answer = await until('readiness has noticed', async () => {
      const begun = Date.now();
      const found = await ready();
      expect(Date.now() - begun).toBeLessThan(1_000);
      return found.status === 503 && found;
    });
    expect(answer.body).toMatchObject({ code: 'unavailable', detail: 'The database does not answer.' });
    expect((await app.request('GET', '/health/live')).status).toBe(200);
    await postgres.restore();
    await until('readiness has recovered', async () => (await ready()).status === 200);
  });

  it('API-09 probes are never throttled', async () => {
    const limited = await startTestApp({ THROTTLE_LIMIT: '1', DATABASE_URL: database.databaseUrl }, app);
    try {
      for (let probe = 0; probe < 5; probe += 1)
        for (const path of ['/health/live', '/health/ready', '/metrics'])
          expect((await limited.request('GET', path)).status).toBe(200);
    } finally {
      await limited.close();
    }
  });

  it('counts requests by route, and has exactly the metrics that are documented', async () => {
    await app.request('GET', '/v1/jobs/none');
    const { text, headers } = await app.request('GET', '/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/health\/ready",status="200"\} \d+/,
    );
    expect(text).not.toContain('/v1/jobs/none');
    const own = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
    const page = readFileSync(join(__dirname, '../../docs/operations/metrics.md'), 'utf8');
    const documented = [...page.matchAll(/^\| `([a-z_]+)`/gm)].map(([, name = '']) => name);
    // those of Node come from prom-client, and differ between platforms
    expect(own.filter((name) => !/^(nodejs|process)_/.test(name)).sort()).toEqual(documented.sort());
  });

  it('asks for the metrics token when there is one', async () => {
    const token = 'a-token-for-metrics';
    const guarded = await startTestApp({ METRICS_TOKEN: token, DATABASE_URL: database.databaseUrl }, app);
    try {
      expect((await guarded.request('GET', '/metrics')).status).toBe(401);
      expect((await guarded.request('GET', '/metrics', { token: 'another-token-altogether' })).status).toBe(401);
      expect((await guarded.request('GET', '/metrics', { token })).status).toBe(200);
    } finally {
      await guarded.close();
      delete process.env.METRICS_TOKEN;
    }
  });

  it('is not ready, and keeps no connection, once it shuts down', async () => {
    const leaving = await startTestApp({ DATABASE_URL: database.databaseUrl }, app);
    try {
      leaving.app.get(Lifecycle).onModuleDestroy();
      const answer = await leaving.request('GET', '/health/ready');
      expect([answer.status, answer.body.code, answer.headers.get('connection')]).toEqual([
        503,
        'unavailable',
        'close',
      ]);
      expect((await leaving.request('GET', '/health/live')).status).toBe(200);
    } finally {
      await leaving.close();
    }
  });
});
