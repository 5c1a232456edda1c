import { Injectable, Logger } from '@nestjs/common';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { JobsService } from './jobs.service';

const LOOK_MS = 500;
/** After a look that failed: whatever it was would be there in half a second, too. */
const PAUSE_MS = 2_000;

interface Waiter {
  readonly jobId: string;
  readonly after: bigint;
  readonly wake: () => void;
}

/**
 * Tells streams that their job has moved. One look per interval and tenant at all jobs that are followed, one tenant
 * after the other: a thousand quiet streams cost a connection for a moment, not two thousand transactions a second.
 */
@Injectable()
export class JobWatch {
  private readonly logger = new Logger(JobWatch.name);
  private readonly waiting = new Map<string, Set<Waiter>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: TenantDatabase,
    private readonly jobs: JobsService,
  ) {}

  /** Until the job has an event after this one or is gone, `milliseconds` have passed, or `signal` is aborted. */
  moved(tenantId: string, jobId: string, after: bigint, milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.waiting.get(tenantId) ?? new Set();
      const wake = () => {
        clearTimeout(late);
        signal.removeEventListener('abort', wake);
        waiters.delete(waiter);
        if (waiters.size === 0 && this.waiting.get(tenantId) === waiters) this.waiting.delete(tenantId);
        resolve();
      };
      const late = setTimeout(wake, milliseconds);
      const waiter = { jobId, after, wake };
      signal.addEventListener('abort', wake, { once: true });
      this.waiting.set(tenantId, waiters.add(waiter));
      this.timer ??= setTimeout(() => void this.look(), LOOK_MS);
    });
  }

  private async look(): Promise<void> {
    let pause = LOOK_MS;
    try {
      for (const [tenantId, waiters] of [...this.waiting]) await this.lookAt(tenantId, [...waiters]);
    } catch (error) {
      this.logger.warn({ msg: 'jobs that are followed could not be looked at', err: error });
      pause = PAUSE_MS;
    }
    this.timer = this.waiting.size === 0 ? undefined : setTimeout(() => void this.look(), pause);
  }

  private async lookAt(tenantId: string, waiters: readonly Waiter[]): Promise<void> {
    if (waiters.length === 0) return;
    const ids = [...new Set(waiters.map(({ jobId }) => jobId))];
    const last = await this.database.run(tenantId, 'read', () => this.jobs.lastEvents(ids));
    for (const { jobId, after, wake } of waiters) {
      const now = last.get(jobId);
      if (now === undefined || now > after) wake();
    }
  }
}
