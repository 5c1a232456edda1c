import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { getQueueToken } from '@nestjs/bull';
import { Module } from '@nestjs/common';
import { type Queue } from 'bull';
import { daybook } from '../../src/app';
import { JOB_QUEUE } from '../../src/platform/queue/bull-job-queue';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { until } from '../../src/testing/until';
import { Block } from './support/block.kind';

@Module({ imports: [daybook.module], providers: [Block] })
class BlockTestModule {}

/** Two workers; the one that takes the job computes for longer than Bull's lock lasts, without a pause. */
describe('a worker’s event loop is blocked', () => {
  let app: TestApp;
  let owner: TestTenant;
  let workers: ChildProcess[] = [];
  const stalled: string[] = [];

  beforeAll(async () => {
    app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '200', LOG_LEVEL: 'silent' }, undefined, BlockTestModule);
    owner = await app.createTenantWithOwner();
    await app.sql('CREATE TABLE effects (job_id uuid PRIMARY KEY, attempt int NOT NULL)');
    await app.sql('GRANT SELECT, INSERT ON effects TO daybook_app');
    const queue = app.app.get<Queue>(getQueueToken(JOB_QUEUE), { strict: false });
    queue.on('global:stalled', (ticket: string) => stalled.push(ticket));
  });

  afterEach(async () => {
    await Promise.all(
      workers.map((worker) => {
        worker.kill('SIGKILL');
        return once(worker, 'exit');
      }),
    );
  });

  afterAll(() => app.close());

  async function startWorkers(leaseMs: string, blockMs = '3000'): Promise<void> {
    workers = [1, 2].map(() =>
      fork(join(__dirname, 'support/blocking-worker.ts'), {
        execArgv: ['-r', '@swc-node/register'],
        env: { ...process.env, JOBS_LEASE_MS: leaseMs, BLOCK_MS: blockMs },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    );
    await Promise.all(workers.map((worker) => once(worker, 'message')));
  }

  /** @param afterMs until the blocked worker had its say, too */
  async function run(afterMs = 4_000) {
    const made = await app.request('POST', '/v1/jobs', {
      token: owner.token,
      body: { kind: 'test.block', payload: {} },
    });
    const id = made.body.id as string;
    const job = await until(
      'it has ended',
      async () => {
        const { body } = await app.request('GET', `/v1/jobs/${id}`, { token: owner.token });
        return body.finishedAt !== null && (body as Record<string, unknown>);
      },
      40_000,
    );
    // time for the blocked worker to say something that would be wrong
    await until('the ticket was taken from it', () => stalled.some((ticket) => ticket.startsWith(id)));
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const events = await app.sql<{ state: string }>(
      `SELECT data ->> 'state' AS state FROM job_events WHERE job_id = $1 AND type = 'state' ORDER BY sequence`,
      [id],
    );
    return {
      job,
      after: (await app.request('GET', `/v1/jobs/${id}`, { token: owner.token })).body as Record<string, unknown>,
      states: events.map(({ state }) => state),
      effects: await app.sql('SELECT attempt FROM effects WHERE job_id = $1', [id]),
    };
  }

  it('F17 longer than Bull’s lock: the ticket comes twice, the job runs once', async () => {
    await startWorkers('15000');
    const { job, after, states, effects } = await run();
    expect(job).toMatchObject({ state: 'succeeded', attempts: 1, result: { attempt: 1 } });
    expect(after).toEqual(job);
    expect(states).toEqual(['queued', 'running', 'succeeded']);
    expect(effects).toEqual([{ attempt: 1 }]);
  }, 60_000);

  it('F17 longer than the lease too: it is run again, has its effect once, and ends as succeeded', async () => {
    // longer than a sweep's turn as well: the blocked worker may have it
    await startWorkers('1000', '12000');
    const { job, after, states, effects } = await run(13_000);
    expect(job).toMatchObject({ state: 'succeeded', attempts: 2, result: { attempt: 2 }, error: null });
    expect(after).toEqual(job);
    expect(states).toEqual(['queued', 'running', 'queued', 'running', 'succeeded']);
    expect(effects).toHaveLength(1);
  }, 90_000);
});
