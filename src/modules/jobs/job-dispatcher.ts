import { Injectable } from '@nestjs/common';
import { currentTransaction } from '../../platform/database/tenant-database';
import { JobQueue } from '../../platform/queue/job-queue';
import { type JobRow, JobStore } from './job-store';

/** Hands queued jobs to Redis once their rows are committed. */
@Injectable()
export class JobDispatcher {
  constructor(
    private readonly store: JobStore,
    private readonly queue: JobQueue,
  ) {}

  /**
   * Fair share: a job is as urgent as few jobs of its tenant are queued or running before it, so that a tenant's first
   * job overtakes another one's thousandth.
   */
  async afterCommit(jobs: readonly JobRow[]): Promise<void> {
    const queued = jobs.filter(({ state }) => state === 'queued');
    if (queued.length === 0) return;
    const { tenantId, afterCommit } = currentTransaction();
    const first = Math.max(1, (await this.store.ahead()) - queued.length + 1);
    afterCommit(async () => {
      await this.queue.dispatch(
        queued.map(({ id, attempts }, index) => ({
          tenantId,
          jobId: id,
          attempt: attempts + 1,
          urgency: first + index,
        })),
      );
    });
  }
}
