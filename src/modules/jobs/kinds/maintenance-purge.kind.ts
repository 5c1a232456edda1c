import { TenantDatabase } from '../../../platform/database/tenant-database';
import { type JobContext, type JobHandler, JobKind } from '../job-kind';
import { MaintenancePurgePayload } from './maintenance-purge.payload.dto';

/** Rows per transaction: short enough that nobody waits for their locks. */
const BATCH = 1_000;

const EXPIRED_KEYS = `
  DELETE FROM idempotency_keys WHERE id IN
    (SELECT id FROM idempotency_keys WHERE expires_at < tenant_now() LIMIT ${BATCH})`;
// dead ones wait for somebody to look at them
const OLD_JOBS = `
  DELETE FROM jobs WHERE id IN
    (SELECT id FROM jobs WHERE finished_at < tenant_now() - $1 * interval '1 day' AND state <> 'dead' LIMIT ${BATCH})`;

@JobKind({
  name: 'maintenance.purge',
  description: 'Deletes expired idempotency keys, and finished jobs with their events, of the tenant.',
  payload: MaintenancePurgePayload,
  concurrencyShare: 0.25,
})
export class MaintenancePurge implements JobHandler<MaintenancePurgePayload> {
  constructor(private readonly database: TenantDatabase) {}

  async run(context: JobContext, { olderThanDays = 30 }: MaintenancePurgePayload) {
    const deletedKeys = await this.inBatches(context, EXPIRED_KEYS, []);
    await context.progress(50, `${deletedKeys} idempotency keys deleted`);
    const deletedJobs = await this.inBatches(context, OLD_JOBS, [olderThanDays]);
    return { deletedKeys, deletedJobs };
  }

  private async inBatches({ tenantId, signal }: JobContext, sql: string, values: unknown[]): Promise<number> {
    for (let total = 0; ;) {
      signal.throwIfAborted();
      const deleted = await this.database.run(
        tenantId,
        'write',
        async ({ client }) => (await client.query(sql, values)).rowCount ?? 0,
      );
      total += deleted;
      if (deleted < BATCH) return total;
    }
  }
}
