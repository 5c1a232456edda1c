import { AsyncResource } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { type TenantDatabase } from '../../../platform/database/tenant-database';
import { type JobContext } from '../job-kind';
import { type JobRow, type JobStore } from '../job-store';

export type StopReason = 'cancelled' | 'timed-out' | 'lease-lost' | 'draining';

/** Why a run's signal was aborted. */
class JobStopped extends Error {
  constructor(readonly reason: StopReason) {
    super(`the job was stopped: ${reason}`);
    this.name = 'JobStopped';
  }
}

/** Cancelling takes effect within this time. */
const BEAT_MS = 1_000;
const PROGRESS_MS = 250;
const LONGEST_TEXT = 2_000;

/**
 * One attempt at a job: keeps its lease, watches for a cancellation, writes its progress. What it writes says which
 * attempt it is from, so a worker that was taken for dead changes nothing any more.
 */
export class JobRun implements JobContext {
  private readonly logger = new Logger(JobRun.name);
  private readonly controller = new AbortController();
  /** The kind may call from inside a transaction of its own; what is written about the run does not belong to it. */
  private readonly outside = new AsyncResource('JobRun');
  private readonly beats: NodeJS.Timeout;
  private beating: Promise<void> | undefined;
  private renewedAt = performance.now();
  private wroteProgressAt = 0;
  private unwritten: { percent: number; message: string | undefined } | undefined;

  constructor(
    readonly tenantId: string,
    private readonly job: JobRow,
    private readonly leaseMs: number,
    private readonly database: TenantDatabase,
    private readonly store: JobStore,
  ) {
    this.beats = setInterval(() => void this.heartbeat(), Math.min(BEAT_MS, leaseMs / 3));
  }

  get jobId(): string {
    return this.job.id;
  }

  get kind(): string {
    return this.job.kind;
  }

  get actorId(): string | undefined {
    return this.job.actorId ?? undefined;
  }

  get attempt(): number {
    return this.job.attempts;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Undefined while the run may go on. */
  get stopped(): StopReason | undefined {
    const reason: unknown = this.signal.reason;
    return reason instanceof JobStopped ? reason.reason : undefined;
  }

  stop(reason: StopReason): void {
    this.controller.abort(new JobStopped(reason));
  }

  async progress(percent: number, message?: string): Promise<void> {
    // a share of nothing, 0 / 0, is no number
    const whole = Math.max(0, Math.min(100, Math.trunc(percent) || 0));
    this.unwritten = { percent: whole, message: message?.slice(0, LONGEST_TEXT) };
    if (performance.now() - this.wroteProgressAt >= PROGRESS_MS) await this.writeProgress();
  }

  async log(message: string, data?: Readonly<Record<string, unknown>>): Promise<void> {
    await this.write(() => this.store.log(this.jobId, this.attempt, message.slice(0, LONGEST_TEXT), data));
  }

  heartbeat(): Promise<void> {
    this.beating ??= this.beat().finally(() => {
      this.beating = undefined;
    });
    return this.beating;
  }

  /** After the handler has returned: no more beats, and what was not written yet is. */
  async close(): Promise<void> {
    clearInterval(this.beats);
    await this.beating;
    await this.writeProgress();
  }

  private async beat(): Promise<void> {
    try {
      const lease = await this.write(() => this.store.renew(this.jobId, this.attempt));
      if (!lease) this.stop('lease-lost');
      else if (lease.cancelRequested) this.stop('cancelled');
      this.renewedAt = performance.now();
      if (this.unwritten && performance.now() - this.wroteProgressAt >= PROGRESS_MS) await this.writeProgress();
    } catch (error) {
      this.logger.warn({ msg: 'a lease could not be renewed', jobId: this.jobId, err: error });
      if (performance.now() - this.renewedAt > this.leaseMs) this.stop('lease-lost');
    }
  }

  private async writeProgress(): Promise<void> {
    const progress = this.unwritten;
    if (!progress) return;
    this.unwritten = undefined;
    this.wroteProgressAt = performance.now();
    await this.write(() => this.store.progress(this.jobId, this.attempt, progress.percent, progress.message));
  }

  private write<T>(work: () => Promise<T>): Promise<T> {
    // nor does it wait for a connection that the job, or others like it, may have for as long as they run
    return this.outside.runInAsyncScope(() => this.database.run(this.tenantId, 'write', work, { reserved: true }));
  }
}
