import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../config/config';
import { PLATFORM_TENANT, TenantDatabase } from '../../platform/database/tenant-database';
import { JobsService, SweepTasks } from '../jobs';
import { CHECKPOINT_JOB } from './kinds/checkpoint.kind';
import { VERIFY_JOB } from './kinds/verify.kind';

/** Tenants that one look makes jobs for. */
const BATCH = 200;
const MINUTE_MS = 60_000;

/** Checkpoints and verifications of all tenants without anybody asking for them: a job per tenant whose time has come. */
@Injectable()
export class EvidenceSweep implements OnModuleInit {
  constructor(
    private readonly config: Config,
    private readonly database: TenantDatabase,
    private readonly jobs: JobsService,
    private readonly tasks: SweepTasks,
  ) {}

  onModuleInit(): void {
    const { checkpointSeconds, verifySeconds } = this.config.evidence;
    this.add(CHECKPOINT_JOB, 'daybook_system.tenants_to_checkpoint', checkpointSeconds);
    this.add(VERIFY_JOB, 'daybook_system.tenants_to_verify', verifySeconds);
  }

  private add(kind: string, question: string, seconds: number): void {
    if (seconds === 0) return;
    const run = () => this.enqueueFor(kind, question, seconds);
    this.tasks.add({ name: kind, everyMs: Math.min(MINUTE_MS, seconds * 1000), run });
  }

  private async enqueueFor(kind: string, question: string, seconds: number): Promise<void> {
    const { rows } = await this.database.run(PLATFORM_TENANT, 'read', ({ client }) =>
      client.query<{ id: string }>(`SELECT id FROM ${question}(make_interval(secs => $1), $2) AS id`, [seconds, BATCH]),
    );
    for (const { id } of rows) await this.database.run(id, 'write', () => this.jobs.enqueue(kind, {}));
  }
}
