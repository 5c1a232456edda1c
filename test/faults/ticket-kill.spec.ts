import { Client } from 'pg';
import { type AppProcess, startAppProcess } from '../support/app-process';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { until } from '../../src/testing/until';

/** As in job-runner.ts: whoever claims a job of the tenant waits for it. */
const CLAIM_LOCK = 4_711_010;
/** Bull's lock and two looks for stalled tickets, and the start of a worker. It was 74 seconds once. */
const WITHIN_MS = 20_000;

describe('a worker is killed when it has a ticket and not yet its job', () => {
  let app: TestApp;
  let owner: TestTenant;
  let claims: Client;
  const workers: AppProcess[] = [];

  beforeAll(async () => {
    app = await startTestApp();
    owner = await app.createTenantWithOwner();
    claims = new Client({ connectionString: app.database.adminUrl });
    await claims.connect();
  });

  afterAll(async () => {
    for (const worker of workers) await worker.kill();
    await claims.end();
    await app.close();
  });

  const startWorker = async (): Promise<AppProcess> => {
    const environment = { DATABASE_URL: app.database.databaseUrl, REDIS_URL: app.database.redisUrl };
    // the time that it waits for the lock is the test's to end
    const worker = await startAppProcess({ ...environment, DATABASE_LOCK_TIMEOUT_MS: '30000' }, 'worker');
    workers.push(worker);
    return worker;
  };

  it('F17 another one runs the job soon', async () => {
    const lock = [CLAIM_LOCK, Number.parseInt(owner.tenantId.slice(-8), 16) | 0];
    await claims.query('SELECT pg_advisory_lock($1, $2)', lock);
    const made = await app.request('POST', '/v1/jobs', {
      token: owner.token,
      body: { kind: 'maintenance.purge', payload: {} },
    });
    const first = await startWorker();
    await until(
      'it waits for the lock',
      async () => (await claims.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)).rowCount,
    );
    await first.kill();
    const killedAt = Date.now();
    await claims.query('SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = $1 AND NOT granted', [
      'advisory',
    ]);
    await claims.query('SELECT pg_advisory_unlock($1, $2)', lock);
    const job = async () =>
      (await app.request('GET', `/v1/jobs/${made.body.id as string}`, { token: owner.token })).body;
    expect((await job()).state).toBe('queued');
    await startWorker();
    await until('it has run', async () => (await job()).state === 'succeeded', WITHIN_MS);
    expect((await job()).attempts).toBe(1);
    expect(Date.now() - killedAt).toBeLessThan(WITHIN_MS);
  }, 90_000);
});
