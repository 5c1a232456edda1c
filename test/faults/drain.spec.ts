import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { freePort } from '../support/free-port';
import { until } from '../../src/testing/until';
import { asSuperuser } from '../support/worker';

describe('SIGTERM under load', () => {
  let app: TestApp;
  let owner: TestTenant;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '200' });
    owner = await app.createTenantWithOwner();
  });

  // its worker would take the next test's jobs
  afterEach(async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });

  afterAll(() => app.close());

  async function startChild(environment: Record<string, string>): Promise<string> {
    const port = await freePort();
    child = fork(join(__dirname, 'support/slow-app.ts'), {
      execArgv: ['-r', '@swc-node/register'],
      env: { ...process.env, PORT: String(port), LOG_LEVEL: 'silent', ...environment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    return `http://127.0.0.1:${port}`;
  }

  async function enqueue(url: string, kind: string): Promise<string> {
    const answer = await fetch(`${url}/v1/jobs`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${owner.token}`,
        'content-type': 'application/json',
        'idempotency-key': `${kind}-${Date.now()}`,
      },
      body: JSON.stringify({ kind, payload: {} }),
    });
    const { id } = (await answer.json()) as { id: string };
    await until('the job runs', async () => (await job(id))?.state === 'running');
    return id;
  }

  const job = async (id: string) =>
    (
      await app.sql<{ state: string; attempts: number; max_attempts: number }>('SELECT * FROM jobs WHERE id = $1', [id])
    )[0];

  it('REL F24 finishes the request and the short job, hands the long one back, and exits in time', async () => {
    const url = await startChild({ SHUTDOWN_TIMEOUT_MS: '12000' });
    const short = await enqueue(url, 'test.second');
    const long = await enqueue(url, 'test.minute');

    const agent = new Agent({ keepAlive: true });
    const slow = new Promise<IncomingMessage>((resolve, reject) => {
      get(`${url}/v1/slow`, { agent }, resolve).on('error', reject);
    });
    // one that is kept, one that never says anything, one that follows a job
    await fetch(`${url}/health/live`);
    const silent = connect(Number(new URL(url).port), '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const stream = await fetch(`${url}/v1/jobs/${long}/events`, {
      headers: { authorization: `Bearer ${owner.token}` },
    });

    const begun = Date.now();
    const exited = once(child as ChildProcess, 'exit') as Promise<[number | null, string | null]>;
    child?.kill('SIGTERM');
    await until('it is out of service', async () => {
      const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
      return answer?.status === 503;
    });

    const answer = await slow;
    expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close']);
    answer.resume();
    expect(await stream.text()).toContain('"reason":"shutting-down"');
    const [code] = await exited;
    expect(code).toBe(0);
    expect(Date.now() - begun).toBeLessThan(12_000);
    expect(await job(short)).toMatchObject({ state: 'succeeded', attempts: 1, result: 'finished' });
    // it cost the job no attempt
    expect(await job(long)).toMatchObject({ state: 'queued', attempts: 1, max_attempts: 4 });
    agent.destroy();
    silent.destroy();
  }, 60_000);

  it('REL kill -9 in a job: another worker runs it again', async () => {
    const url = await startChild({ JOBS_LEASE_MS: '1000' });
    const id = await enqueue(url, 'test.minute');
    const exited = once(child as ChildProcess, 'exit');
    child?.kill('SIGKILL');
    await exited;
    expect(await job(id)).toMatchObject({ state: 'running', attempts: 1 });
    await startChild({ JOBS_LEASE_MS: '1000' });
    await until('it ran again', async () => (await job(id))?.state === 'succeeded', 20_000);
    expect(await job(id)).toMatchObject({ attempts: 2 });
  }, 60_000);

  it('worker.ts runs the jobs that another process made, says how it does, and goes when it is told to', async () => {
    const port = await freePort();
    child = fork(join(__dirname, '../../src/worker.ts'), {
      execArgv: ['-r', '@swc-node/register'],
      env: { ...process.env, LOG_LEVEL: 'silent', WORKER_PORT: String(port), SHUTDOWN_TIMEOUT_MS: '10000' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);
    const ready = await until('it is ready', async () => ask('/health/ready').catch(() => undefined), 20_000);
    expect(await ready.json()).toEqual({ status: 'ok', checks: { database: 'up', redis: 'up' } });
    const live = await ask('/health/live');
    expect([live.status, live.headers.get('x-content-type-options')]).toEqual([200, 'nosniff']);

    const headers = { authorization: `Bearer ${owner.token}` };
    for (const [method, path] of [
      ['GET', '/v1/jobs'],
      ['GET', '/%761/jobs'],
      ['POST', '/v1/jobs'],
      ['GET', '/v1/me'],
      ['GET', '/admin/queues'],
      ['GET', '/docs'],
      ['GET', '/openapi.json'],
      ['POST', '/health/live'],
      ['OPTIONS', '/v1/jobs'],
      ['GET', '/nothing'],
    ] as const) {
      const answer = await ask(path, { method, headers });
      const { code } = (await answer.json()) as { code: string };
      expect([method, path, answer.status, code]).toEqual([method, path, 404, 'not-found']);
    }

    const made = await app.request('POST', '/v1/jobs', {
      token: owner.token,
      body: { kind: 'maintenance.purge', payload: {} },
    });
    await until('the job ran', async () => (await job(made.body.id as string))?.state === 'succeeded', 20_000);
    await until('it is counted', async () =>
      (await (await ask('/metrics')).text()).includes('jobs_total{kind="maintenance.purge",state="succeeded"} 1'),
    );

    // a job that has to wait for a lock is still in hand when the signal comes
    const last = await app.request('POST', '/v1/jobs', {
      token: owner.token,
      body: { kind: 'maintenance.purge', payload: {}, runAt: new Date(Date.now() + 500).toISOString() },
    });
    const locked = asSuperuser(
      app.database,
      'DO $$ BEGIN LOCK TABLE idempotency_keys IN EXCLUSIVE MODE; PERFORM pg_sleep(1.8); END $$',
    );
    await until('it runs', async () => (await job(last.body.id as string))?.state === 'running');
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    child.kill('SIGTERM');
    await until('it is out of service', async () => (await ask('/health/ready')).status === 503);
    expect(await exited).toEqual([0, null]);
    expect(await job(last.body.id as string)).toMatchObject({ state: 'succeeded', attempts: 1 });
    await locked;
  }, 60_000);
});
