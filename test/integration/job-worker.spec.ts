import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { IsInt, IsOptional, IsString } from 'class-validator';
import Redis from 'ioredis';
import { defineProblem, Problem } from '../../src/common/problems/problem';
import { type JobContext, type JobHandler, JobKind, JobsService } from '../../src/modules/jobs';
import { JobRunner } from '../../src/modules/jobs/worker/job-runner';
import { SchedulesService } from '../../src/modules/jobs/schedules.service';
import { requestContext } from '../../src/platform/context/request-context';
import { TenantDatabase } from '../../src/platform/database/tenant-database';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { until } from '../../src/testing/until';
import { asSuperuser, startTestWorker, type TestWorker, useEnvironment } from '../support/worker';

const REFUSED = defineProblem({ code: 'test-refused', status: 422, title: 'No', description: 'No.', remedy: 'None.' });

class NotePayload {
  @IsString()
  text: string;

  @IsOptional()
  @IsInt()
  failures?: number;
}

/** What ran, in order, and in which context. */
const ran: { text: string; attempt: number; tenantId: string; context: ReturnType<typeof requestContext.current> }[] =
  [];
const runsOf = (text: string) => ran.filter((run) => run.text === text);
/** Handlers of `gate` wait until their text is let go. */
const gates = new Map<string, () => void>();
const release = (text: string) => gates.get(text)?.();

@JobKind({ name: 'test.note', description: 'Notes.', payload: NotePayload, backoffMs: 20 })
class Note implements JobHandler<NotePayload> {
  async run({ attempt, tenantId }: JobContext, { text, failures = 0 }: NotePayload) {
    ran.push({ text, attempt, tenantId, context: requestContext.current() });
    if (attempt <= failures) throw new Error(`attempt ${attempt} fails`);
    return Promise.resolve({ text });
  }
}

@JobKind({ name: 'test.refuse', description: 'Refuses.', payload: NotePayload })
class Refuse implements JobHandler<NotePayload> {
  run(_: JobContext, { text }: NotePayload): Promise<never> {
    ran.push({ text, attempt: 0, tenantId: '', context: undefined });
    return Promise.reject(new Problem(REFUSED, 'It is refused.'));
  }
}

@JobKind({ name: 'test.gate', description: 'Waits.', payload: NotePayload, backoffMs: 20 })
class Gate implements JobHandler<NotePayload> {
  async run({ signal, attempt, tenantId }: JobContext, { text }: NotePayload) {
    ran.push({ text, attempt, tenantId, context: requestContext.current() });
    await new Promise<void>((resolve, reject) => {
      gates.set(text, resolve);
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  }
}

@JobKind({ name: 'test.slow', description: 'Too slow.', payload: NotePayload, timeoutMs: 100, maxAttempts: 1 })
class Slow implements JobHandler<NotePayload> {
  async run({ signal }: JobContext) {
    await delay(60_000, undefined, { signal });
  }
}

@JobKind({ name: 'test.steps', description: 'Reports.', payload: NotePayload })
class Steps implements JobHandler<NotePayload> {
  constructor(private readonly database: TenantDatabase) {}

  async run(context: JobContext) {
    // from inside a transaction of the kind's own, as careless kinds do
    await this.database.run(context.tenantId, 'write', async () => {
      for (let percent = 1; percent <= 50; percent += 1) await context.progress(percent, `${percent} done`);
      await context.log('half', { percent: 50 });
    });
    // sooner than the next one may be written
    await context.progress(0 / 0, 'nothing of nothing');
    await context.progress(99, 'all but done');
    await context.progress(100, 'all done');
    return 'done';
  }
}

const KINDS = [Note, Refuse, Gate, Slow, Steps];

describe('the job worker', () => {
  let database: TestDatabase;
  let worker: TestWorker;
  let redis: Redis;

  beforeAll(async () => {
    database = await createTestDatabase();
    useEnvironment(database);
    redis = new Redis(database.redisUrl);
    worker = await startTestWorker(KINDS);
  });

  afterAll(async () => {
    await worker.app.close();
    redis.disconnect();
    await database.drop();
  });

  it('runs a job and keeps its result; Redis then holds nothing of it', async () => {
    const tenant = randomUUID();
    const id = await worker.enqueue(tenant, 'test.note', { text: 'first' });
    const job = await worker.jobIn(tenant, id, 'succeeded');
    expect(job).toMatchObject({ attempts: 1, progress: 100, result: { text: 'first' }, error: null });
    await until('Redis has no ticket', async () => (await redis.keys(`*${id}*`)).length === 0);
  });

  it('TEN-11 runs it in the context of its row: tenant, actor and trace', async () => {
    const [tenant, actorId, traceId] = [randomUUID(), randomUUID(), 'a'.repeat(32)];
    const id = await requestContext.run({ requestId: 'r', traceId, spanId: '1'.repeat(16) }, () =>
      worker.enqueue(tenant, 'test.note', { text: 'context' }, { actorId }),
    );
    await worker.jobIn(tenant, id, 'succeeded');
    expect(runsOf('context')).toMatchObject([
      { tenantId: tenant, context: { tenantId: tenant, traceId, principal: { id: actorId, tenantId: tenant } } },
    ]);
  });

  it.each([[{}], [undefined], [{ jobId: randomUUID() }], [{ tenantId: 'x', jobId: 'y' }]])(
    'TEN-11 F17 refuses the ticket %j',
    async (ticket) => {
      await expect(worker.app.get(JobRunner).handle(ticket)).rejects.toThrow('without a tenant');
    },
  );

  it('F17 refuses a payload that its kind does not take, before and after it was stored', async () => {
    const tenant = randomUUID();
    await expect(worker.enqueue(tenant, 'test.note', {})).rejects.toMatchObject({
      options: { errors: [{ pointer: '/payload/text' }] },
    });
    const id = await worker.enqueue(tenant, 'test.note', { text: 'emptied' }, { runAt: new Date(Date.now() + 60_000) });
    await asSuperuser(database, `UPDATE jobs SET payload = '{}', run_at = now() WHERE id = $1`, [id]);
    const job = await worker.jobIn(tenant, id, 'failed');
    expect(job.error).toMatchObject({ code: 'validation-failed' });
    expect(runsOf('emptied')).toEqual([]);
  });

  it('tries again after an error, with growing pauses', async () => {
    const tenant = randomUUID();
    const id = await worker.enqueue(tenant, 'test.note', { text: 'twice', failures: 2 });
    const job = await worker.jobIn(tenant, id, 'succeeded');
    expect(job.attempts).toBe(3);
    expect(runsOf('twice').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  it('does not try again what was refused for good', async () => {
    const tenant = randomUUID();
    const id = await worker.enqueue(tenant, 'test.refuse', { text: 'no' });
    const job = await worker.jobIn(tenant, id, 'failed');
    expect(job).toMatchObject({ attempts: 1, error: { code: 'test-refused', status: 422, traceId: job.traceId } });
    expect(runsOf('no')).toHaveLength(1);
  });

  it('a poison job ends dead after its attempts, and the others go on', async () => {
    const tenant = randomUUID();
    const poison = await worker.enqueue(tenant, 'test.note', { text: 'poison', failures: 99 });
    const others = await Promise.all(
      Array.from({ length: 10 }, (_, index) => worker.enqueue(tenant, 'test.note', { text: `beside ${index}` })),
    );
    for (const id of others) await worker.jobIn(tenant, id, 'succeeded');
    const dead = await worker.jobIn(tenant, poison, 'dead');
    expect(dead).toMatchObject({
      attempts: 3,
      maxAttempts: 3,
      error: { code: 'job-failed' },
      payload: { text: 'poison' },
    });
    expect(JSON.stringify(dead.error)).not.toContain('fails');
  });

  it('jobs of a kind that this worker does not know wait, and stand in nobody’s way', async () => {
    const tenant = randomUUID();
    const later = { runAt: new Date(Date.now() + 60_000) };
    const unknown = await Promise.all(
      [1, 2, 3].map((index) => worker.enqueue(tenant, 'test.note', { text: `unknown ${index}` }, later)),
    );
    await asSuperuser(
      database,
      `UPDATE jobs SET kind = 'test.of-tomorrow', priority = 9, run_at = now() WHERE id = ANY($1)`,
      [unknown],
    );
    const others = await Promise.all(
      Array.from({ length: 10 }, (_, index) => worker.enqueue(tenant, 'test.note', { text: `known ${index}` })),
    );
    for (const id of others) await worker.jobIn(tenant, id, 'succeeded');
    for (const id of unknown) expect(await worker.jobIn(tenant, id, 'queued')).toMatchObject({ attempts: 0 });
    const tenants = worker.app.get(TenantDatabase);
    const service = worker.app.get(JobsService, { strict: false });
    for (const id of unknown)
      expect(await tenants.run(tenant, 'write', () => service.cancel(id))).toMatchObject({ state: 'cancelled' });
  });

  it('stops a job that takes too long', async () => {
    const tenant = randomUUID();
    const id = await worker.enqueue(tenant, 'test.slow', { text: 'slow' });
    expect((await worker.jobIn(tenant, id, 'dead')).error).toMatchObject({ code: 'job-timed-out' });
  });

  it('writes progress a few times, not each time, and also from inside a transaction', async () => {
    const tenant = randomUUID();
    const id = await worker.enqueue(tenant, 'test.steps', { text: 'steps' });
    const job = await worker.jobIn(tenant, id, 'succeeded');
    expect(job).toMatchObject({ progress: 100, progressMessage: 'all done' });
    const events = await asSuperuser<{ type: string; data: Record<string, unknown>; sequence: string }>(
      database,
      'SELECT type, data, sequence FROM job_events WHERE job_id = $1 ORDER BY sequence',
      [id],
    );
    const progress = events.filter(({ type }) => type === 'progress');
    expect(progress.length).toBeLessThan(10);
    expect(progress.at(-1)?.data).toEqual({ percent: 100, message: 'all done' });
    expect(events.filter(({ type }) => type === 'log').map(({ data }) => data)).toEqual([
      { message: 'half', data: { percent: 50 } },
    ]);
    expect(events.map(({ sequence }) => Number(sequence))).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(({ type }) => type === 'state').map(({ data }) => data.state)).toEqual([
      'queued',
      'running',
      'succeeded',
    ]);
  });

  it('F17 a job that is dispatched many times runs once', async () => {
    const tenant = randomUUID();
    const id = await worker.enqueue(tenant, 'test.gate', { text: 'once' });
    await until('it runs', () => runsOf('once').length > 0);
    const runner = worker.app.get(JobRunner);
    await Promise.all(Array.from({ length: 20 }, () => runner.handle({ tenantId: tenant, jobId: id })));
    release('once');
    await worker.jobIn(tenant, id, 'succeeded');
    await Promise.all(Array.from({ length: 20 }, () => runner.handle({ tenantId: tenant, jobId: id })));
    expect(runsOf('once')).toHaveLength(1);
  });

  it('REL worker lost: a job whose lease ran out is run again, and the lost worker changes nothing any more', async () => {
    const tenant = randomUUID();
    const id = await worker.enqueue(tenant, 'test.gate', { text: 'lost' });
    await until('it runs', () => runsOf('lost').length === 1);
    // as if its worker had stopped: the lease is over, and attempt 1 is not told
    await asSuperuser(database, `UPDATE jobs SET lease_until = now() - interval '1 s' WHERE id = $1`, [id]);
    await until('it runs again', () => runsOf('lost').length === 2);
    release('lost');
    const job = await worker.jobIn(tenant, id, 'succeeded');
    expect(job.attempts).toBe(2);
    expect(runsOf('lost').map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it('REL worker lost on the last attempt: the job is dead, with the reason', async () => {
    const tenant = randomUUID();
    const id = await worker.enqueue(tenant, 'test.note', { text: 'gone' }, { runAt: new Date(Date.now() + 60_000) });
    await asSuperuser(
      database,
      `UPDATE jobs SET state = 'running', attempts = max_attempts, lease_until = now() - interval '1 s' WHERE id = $1`,
      [id],
    );
    const job = await worker.jobIn(tenant, id, 'dead');
    expect(job.error).toMatchObject({ code: 'job-worker-lost' });
    expect(runsOf('gone')).toEqual([]);
  });

  it('two schedulers on one schedule make one job per moment', async () => {
    const tenant = randomUUID();
    const other = await startTestWorker(KINDS, false);
    try {
      const tenants = worker.app.get(TenantDatabase);
      const service = worker.app.get(SchedulesService, { strict: false });
      const schedule = await tenants.run(tenant, 'write', () =>
        service.create({
          kind: 'test.note',
          payload: { text: 'scheduled' },
          cron: '30 2 * * *',
          timeZone: 'Europe/Vienna',
        }),
      );
      await asSuperuser(database, `UPDATE job_schedules SET next_run_at = now() - interval '3 days' WHERE id = $1`, [
        schedule.id,
      ]);
      await Promise.all(
        [worker, other, worker, other].map(({ app }) =>
          app
            .get(TenantDatabase)
            .run(tenant, 'write', () => app.get(SchedulesService, { strict: false }).fire(schedule.id)),
        ),
      );
      await until('it ran', () => runsOf('scheduled').length > 0);
      const made = await asSuperuser<{ count: number }>(
        database,
        'SELECT count(*)::int AS count FROM jobs WHERE schedule_id = $1',
        [schedule.id],
      );
      expect(made).toEqual([{ count: 1 }]);
      const after = await tenants.run(tenant, 'read', () => service.get(schedule.id));
      expect(new Date(after.nextRunAt).getTime()).toBeGreaterThan(Date.now());
      expect(after.lastRunAt).not.toBeNull();
    } finally {
      await other.app.close();
    }
  });

  it('runs no more jobs of a tenant at once than it may, and another tenant’s beside them', async () => {
    const [busy, quiet] = [randomUUID(), randomUUID()];
    const texts = Array.from({ length: 6 }, (_, index) => `busy ${index}`);
    const ids = await Promise.all(texts.map((text) => worker.enqueue(busy, 'test.gate', { text })));
    await until('two of them run', () => ran.filter(({ text }) => text.startsWith('busy ')).length === 2);
    const beside = await worker.enqueue(quiet, 'test.note', { text: 'quiet' });
    await worker.jobIn(quiet, beside, 'succeeded');
    expect(ran.filter(({ text }) => text.startsWith('busy '))).toHaveLength(2);
    await until('all have run', async () => {
      for (const { text } of ran) if (text.startsWith('busy ')) release(text);
      const states = await Promise.all(ids.map(async (id) => (await worker.job(busy, id)).state));
      return states.every((state) => state === 'succeeded');
    });
    for (const text of texts) expect(runsOf(text)).toHaveLength(1);
  });

  it('REL F18 Redis is flushed while jobs wait and run: all are done, each once', async () => {
    const tenants = Array.from({ length: 5 }, () => randomUUID());
    const gate = await worker.enqueue(tenants[0] as string, 'test.gate', { text: 'through the flush' });
    await until('it runs', () => runsOf('through the flush').length === 1);
    const jobs = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const tenant = tenants[index % 5] as string;
        return {
          tenant,
          text: `flushed ${index}`,
          id: await worker.enqueue(tenant, 'test.note', { text: `flushed ${index}` }),
        };
      }),
    );
    await redis.flushdb();
    release('through the flush');
    await worker.jobIn(tenants[0] as string, gate, 'succeeded');
    for (const { tenant, id } of jobs) await worker.jobIn(tenant, id, 'succeeded');
    expect(jobs.map(({ text }) => runsOf(text).length)).toEqual(jobs.map(() => 1));
    expect(runsOf('through the flush')).toHaveLength(1);
  });

  it('cancels a job that waits at once, and one that runs through its signal', async () => {
    const tenant = randomUUID();
    const tenants = worker.app.get(TenantDatabase);
    const service = worker.app.get(JobsService, { strict: false });
    const waiting = await worker.enqueue(
      tenant,
      'test.note',
      { text: 'never' },
      { runAt: new Date(Date.now() + 60_000) },
    );
    const running = await worker.enqueue(tenant, 'test.gate', { text: 'until cancelled' });
    await until('it runs', () => runsOf('until cancelled').length === 1);
    expect(await tenants.run(tenant, 'write', () => service.cancel(waiting))).toMatchObject({ state: 'cancelled' });
    expect(await tenants.run(tenant, 'write', () => service.cancel(running))).toMatchObject({
      state: 'running',
      cancelRequested: true,
    });
    expect(await worker.jobIn(tenant, running, 'cancelled')).toMatchObject({ attempts: 1, error: null });
    await expect(tenants.run(tenant, 'write', () => service.cancel(running))).rejects.toMatchObject({
      type: { code: 'job-not-cancellable' },
    });
  });

  it('retries and redrives what ended badly', async () => {
    const tenant = randomUUID();
    const tenants = worker.app.get(TenantDatabase);
    const service = worker.app.get(JobsService, { strict: false });
    const id = await worker.enqueue(tenant, 'test.note', { text: 'redriven', failures: 4 });
    await worker.jobIn(tenant, id, 'dead');
    expect(await tenants.run(tenant, 'write', () => service.redrive('dead', 'test.note'))).toBe(1);
    expect(await worker.jobIn(tenant, id, 'succeeded')).toMatchObject({ attempts: 5, maxAttempts: 6 });
    await expect(tenants.run(tenant, 'write', () => service.retry(id))).rejects.toMatchObject({
      type: { code: 'job-not-retryable' },
    });
  });

  it('what one tenant queued, another one does not see', async () => {
    const id = await worker.enqueue(randomUUID(), 'test.note', { text: 'mine' });
    await expect(worker.job(randomUUID(), id)).rejects.toMatchObject({ type: { code: 'not-found' } });
  });
});
