import { type JobContext, type JobHandler, JobKind, NoPayload } from '../../../src/modules/jobs';
import { TenantDatabase } from '../../../src/platform/database/tenant-database';

const BLOCK_MS = Number(process.env.BLOCK_MS ?? 3_000);

/** Keeps the event loop busy, on the first attempt, and then has its one effect: a row under the job's id. */
@JobKind({ name: 'test.block', description: 'Blocks.', payload: NoPayload })
export class Block implements JobHandler<NoPayload> {
  constructor(private readonly database: TenantDatabase) {}

  async run({ tenantId, jobId, attempt }: JobContext) {
    const end = Date.now() + BLOCK_MS;
    while (attempt === 1 && Date.now() < end);
    await this.database.run(tenantId, 'write', async ({ client }) => {
      await client.query('INSERT INTO effects (job_id, attempt) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        jobId,
        attempt,
      ]);
    });
    return { attempt };
  }
}
