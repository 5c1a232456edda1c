import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { isUuid, NIL_UUID } from '../../../common/ids/uuid';
import { Problem, problemDocument, type ProblemDocument } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { requestContext } from '../../../platform/context/request-context';
import { PLATFORM_TENANT, TenantDatabase } from '../../../platform/database/tenant-database';
import { type Principal } from '../../../platform/security/principal';
import { Metrics } from '../../../platform/telemetry/metrics';
import { backoffMs } from '../backoff';
import { JobDispatcher } from '../job-dispatcher';
import { type JobRow, JobStore } from '../job-store';
import { JOB_FAILED, JOB_TIMED_OUT } from '../jobs.errors';
import { KindRegistry, type RegisteredKind } from '../kind-registry';
import { JobRun } from './job-run';

/** First half of the advisory lock under which the running jobs of a tenant are counted; the second is the tenant. */
const CLAIM_LOCK = 4_711_010;
/** A handler whose signal was aborted has this long to return. Then its slot is given to others. */
const ABORT_GRACE_MS = 5_000;
/** At the end of a drain: for aborted handlers to return and their jobs to be written down. */
const HAND_BACK_MS = 2_000;

/** The ticket says no tenant or no job: whatever it is, it is not run (TEN-11, F17). */
class InvalidTicketError extends Error {
  constructor() {
    super('a ticket without a tenant or a job');
    this.name = 'InvalidTicketError';
  }
}

/** Runs jobs: takes one for a ticket, calls its kind, writes how it ended. */
@Injectable()
export class JobRunner {
  private readonly logger = new Logger(JobRunner.name);
  private readonly runs = new Map<JobRun, Promise<void>>();
  private draining = false;

  constructor(
    private readonly config: Config,
    private readonly database: TenantDatabase,
    private readonly kinds: KindRegistry,
    private readonly store: JobStore,
    private readonly dispatcher: JobDispatcher,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Runs the job of a ticket, if it still waits. The job's own failure is no error here.
   * @throws InvalidTicketError
   */
  async handle(ticket: unknown): Promise<void> {
    const { tenantId, jobId } = readTicket(ticket);
    if (this.draining) return;
    const job = await this.database.run(tenantId, 'write', () => this.store.claim(jobId, this.freeKinds()), {
      lock: [CLAIM_LOCK, Number.parseInt(tenantId.slice(-8), 16) | 0],
    });
    if (!job) return;
    const context = {
      requestId: `${job.id}:${job.attempts}`,
      traceId: job.traceId,
      spanId: randomBytes(8).toString('hex'),
      tenantId,
      onceBy: () => ({ operation: 'job', key: job.id }),
      ...(job.actorId === null ? {} : { principal: principalOf(job.actorId, tenantId) }),
    };
    await requestContext.run(context, async () => {
      const run = new JobRun(tenantId, job, this.config.jobs.leaseMs, this.database, this.store);
      const done = this.execute(run, job).finally(() => this.runs.delete(run));
      this.runs.set(run, done);
      await done;
    });
  }

  /** Waits for the jobs in hand, then hands back those that are not finished after `patienceMs`. */
  async drain(patienceMs: number): Promise<void> {
    this.draining = true;
    const ended = () => Promise.allSettled(this.runs.values());
    await withinMs(patienceMs, ended());
    for (const run of this.runs.keys()) run.stop('draining');
    await withinMs(HAND_BACK_MS, ended());
  }

  private async execute(run: JobRun, job: JobRow): Promise<void> {
    const kind = this.kinds.get(job.kind);
    const timer = setTimeout(() => {
      run.stop('timed-out');
    }, kind.timeoutMs);
    const endTimer = this.metrics.jobDuration.startTimer({ kind: kind.name });
    let settle: () => Promise<string | undefined>;
    try {
      const result = await this.call(kind, run, job);
      settle = () => this.succeeded(run, result);
    } catch (error) {
      settle = () => this.unsuccessful(run, job, kind, error);
    }
    clearTimeout(timer);
    endTimer();
    await run.close().catch((error: unknown) => {
      this.logger.warn({ msg: 'the last progress was not written', err: error });
    });
    const state = await this.database.run(run.tenantId, 'write', async () => {
      const left = await settle();
      // places became free: jobs that were passed over while there was none get their turn
      await this.dispatcher.afterCommit(await this.store.next(this.freeKinds(run)));
      return left;
    });
    if (state !== undefined) this.metrics.jobs.inc({ kind: kind.name, state });
    this.logger.log({ msg: 'job', jobId: job.id, kind: kind.name, attempt: job.attempts, state: state ?? 'not ours' });
  }

  private async call(kind: RegisteredKind, run: JobRun, job: JobRow): Promise<unknown> {
    const payload = await this.kinds.check(kind, job.payload);
    const stopped = new Promise<never>((_, reject) => {
      const late = () => {
        const grace = run.stopped === 'draining' ? HAND_BACK_MS / 2 : ABORT_GRACE_MS;
        setTimeout(() => {
          reject(run.signal.reason as Error);
        }, grace).unref();
      };
      run.signal.addEventListener('abort', late, { once: true });
    });
    return Promise.race([kind.handler.run(run, payload), stopped]);
  }

  private async succeeded(run: JobRun, result: unknown): Promise<string | undefined> {
    return (await this.store.finish(run.jobId, run.attempt, 'succeeded', { result })) ? 'succeeded' : undefined;
  }

  /** @returns the state that the job is in now; undefined when it is no longer ours to say */
  private async unsuccessful(
    run: JobRun,
    job: JobRow,
    kind: RegisteredKind,
    error: unknown,
  ): Promise<string | undefined> {
    const { stopped } = run;
    if (stopped === 'lease-lost') return undefined;
    if (stopped === 'draining') {
      const row = await this.store.handBack(run.jobId, run.attempt);
      if (row) await this.dispatcher.afterCommit([row]);
      return row?.state;
    }
    if (stopped === 'cancelled')
      return (await this.store.finish(run.jobId, run.attempt, 'cancelled', {})) ? 'cancelled' : undefined;

    const refused = stopped === undefined && error instanceof Problem && !worthRetrying(error);
    const document = this.documentOf(
      stopped === 'timed-out'
        ? new Problem(
            JOB_TIMED_OUT,
            `The job was stopped after ${kind.timeoutMs} ms, the longest that its kind may take.`,
          )
        : error,
      job.traceId,
    );
    this.logger[refused ? 'log' : 'warn']({ msg: 'a job failed', jobId: job.id, kind: kind.name, err: error });
    if (refused || run.attempt >= job.maxAttempts) {
      const state = refused ? 'failed' : 'dead';
      return (await this.store.finish(run.jobId, run.attempt, state, { error: document })) ? state : undefined;
    }
    const pause = backoffMs(run.attempt, kind.backoffMs);
    return (await this.store.postpone(run.jobId, run.attempt, pause, document)) ? 'scheduled' : undefined;
  }

  private documentOf(error: unknown, traceId: string): ProblemDocument {
    const problem =
      error instanceof Problem
        ? error
        : new Problem(JOB_FAILED, 'Something failed here. The log has it under the trace id.');
    return problemDocument(problem, this.config.http.publicUrl, traceId);
  }

  /** Kinds that may start another run in this process, once `ending` is over. */
  private freeKinds(ending?: JobRun): string[] {
    const running = new Map<string, number>();
    for (const run of this.runs.keys()) if (run !== ending) running.set(run.kind, (running.get(run.kind) ?? 0) + 1);
    return this.kinds
      .all()
      .filter(({ name, concurrencyShare }) => {
        const most = Math.max(1, Math.floor(this.config.jobs.concurrency * concurrencyShare));
        return (running.get(name) ?? 0) < most;
      })
      .map(({ name }) => name);
  }
}

/** A problem that is ours, such as a database that does not answer, says nothing about the job. */
const worthRetrying = ({ status }: Problem) => status >= 500 || status === 429;

function readTicket(ticket: unknown): { tenantId: string; jobId: string } {
  const { tenantId, jobId } = (ticket ?? {}) as Record<string, unknown>;
  if (!isUuid(tenantId) || !isUuid(jobId) || tenantId === PLATFORM_TENANT) throw new InvalidTicketError();
  return { tenantId, jobId };
}

/** Whom a job is for, by name only: what they may do was decided when they asked for it. */
const principalOf = (id: string, tenantId: string): Principal => ({
  kind: 'person',
  id,
  credentialId: NIL_UUID,
  tenantId,
  role: undefined,
  platformAdmin: false,
  permissions: new Set(),
});

async function withinMs(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, delay(Math.max(0, ms), undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}
