import { Injectable, Logger } from '@nestjs/common';
import { Problem, problemDocument } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { Exclusive } from '../../../platform/cache/exclusive';
import { PLATFORM_TENANT, TenantDatabase } from '../../../platform/database/tenant-database';
import { JobDispatcher } from '../job-dispatcher';
import { JobStore } from '../job-store';
import { JOB_WORKER_LOST } from '../jobs.errors';
import { SchedulesService } from '../schedules.service';
import { SweepTasks } from './sweep-tasks';

/** A sweeper that died in the middle of a sweep keeps the others from theirs for this long. */
const LEASE_MS = 10_000;
/** Jobs and schedules that one sweep looks at. */
const BATCH = 500;

/**
 * Makes up for whatever was lost: looks in PostgreSQL for jobs that are due, were never dispatched, vanished with Redis
 * or with their worker, and for schedules whose time has come.
 */
@Injectable()
export class Sweeper {
  private readonly logger = new Logger(Sweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly exclusive: Exclusive,
    private readonly database: TenantDatabase,
    private readonly store: JobStore,
    private readonly dispatcher: JobDispatcher,
    private readonly schedules: SchedulesService,
    private readonly tasks: SweepTasks,
  ) {}

  /** Sweeps now, and from then on in the configured interval. */
  start(): void {
    this.sweeping = this.turn();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.sweeping;
  }

  /** One sweep, unless another process is at it. */
  async sweep(): Promise<void> {
    await this.exclusive.tryRun('sweep', LEASE_MS, async () => {
      await this.fireSchedules();
      for (const task of this.tasks.due()) await this.each('task', task.name, () => task.run());
      await this.dispatchDue();
    });
  }

  private async turn(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.logger.warn({ msg: 'a sweep failed; the next one may do better', err: error });
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.sweeping = this.turn();
    }, this.config.jobs.sweepIntervalMs);
  }

  private async fireSchedules(): Promise<void> {
    const due = await this.ask<{ tenant_id: string; id: string }>('SELECT * FROM daybook_system.schedules_due($1)');
    for (const { tenant_id, id } of due) {
      if (this.stopped) return;
      await this.each('schedule', id, () => this.database.run(tenant_id, 'write', () => this.schedules.fire(id)));
    }
  }

  private async dispatchDue(): Promise<void> {
    const due = await this.ask<{ tenant_id: string; id: string }>('SELECT * FROM daybook_system.jobs_to_dispatch($1)');
    const lost = problemDocument(
      new Problem(JOB_WORKER_LOST, 'The process that ran the job ended without a word.'),
      this.config.http.publicUrl,
    );
    const byTenant = new Map<string, string[]>();
    for (const { tenant_id, id } of due) byTenant.set(tenant_id, [...(byTenant.get(tenant_id) ?? []), id]);
    for (const [tenantId, ids] of byTenant) {
      if (this.stopped) return;
      await this.each('tenant', tenantId, () =>
        this.database.run(tenantId, 'write', async () => {
          await this.dispatcher.afterCommit(await this.store.rescue(ids, lost));
        }),
      );
    }
  }

  private ask<Row>(sql: string): Promise<Row[]> {
    return this.database.run(
      PLATFORM_TENANT,
      'read',
      async ({ client }) => (await client.query(sql, [BATCH])).rows as Row[],
    );
  }

  /** One tenant's trouble is not another's. */
  private async each(what: string, id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn({ msg: `the ${what} could not be swept`, id, err: error });
    }
  }
}
