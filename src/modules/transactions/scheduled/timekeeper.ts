import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../config/config';
import { PLATFORM_TENANT, TenantDatabase } from '../../../platform/database/tenant-database';
import { PostingEngine } from '../engine/posting-engine';
import { Semaphore } from '../engine/semaphore';
import { ScheduledPoster } from './scheduled-poster';

/** Of what is due, so much is looked at per turn to find the ledgers that it is in. */
const LOOK = 10_000;

const DUE_HOLDS = 'SELECT tenant_id, ledger_id FROM daybook_system.ledgers_with_due_holds($1)';
const DUE_SCHEDULES = 'SELECT tenant_id, ledger_id FROM daybook_system.ledgers_with_due_schedules($1)';

type Look = typeof DUE_HOLDS | typeof DUE_SCHEDULES;

/**
 * Does what becomes due in ledgers by the mere passing of time: records the end of holds, posts scheduled transactions.
 *
 * Several times a second, in every worker. Two that find the same ledger at the same moment do no harm: the engine
 * records an expiry once, and a scheduled transaction is taken by one of them. A ledger that is slow keeps no other
 * ledger waiting.
 */
@Injectable()
export class Timekeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Timekeeper.name);
  /** What is being done, by kind of work and ledger. */
  private readonly underway = new Map<string, Promise<void>>();
  private readonly connections: Semaphore;
  private timer: NodeJS.Timeout | undefined;
  private turning: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly database: TenantDatabase,
    private readonly engine: PostingEngine,
    private readonly poster: ScheduledPoster,
  ) {
    // a thousand ledgers that fall due at once do not stand before every request for a connection
    this.connections = new Semaphore(config.database.poolSize);
  }

  onApplicationBootstrap(): void {
    this.turning = this.turn();
  }

  /** Before anything is closed: what has begun is brought to its end. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.turning;
    await Promise.all(this.underway.values());
  }

  private async turn(): Promise<void> {
    try {
      await this.look(DUE_HOLDS, (tenantId, ledgerId) => this.engine.expireHolds(tenantId, ledgerId));
      await this.look(DUE_SCHEDULES, (tenantId, ledgerId) => this.poster.postDue(tenantId, ledgerId));
    } catch (error) {
      this.logger.warn({ msg: 'what is due could not be read; the next turn may do better', err: error });
    }
    if (this.stopped) return;
    // not in step with other workers, which would find the same things at the same time
    const pause = this.config.engine.dueIntervalMs * (0.8 + Math.random() * 0.2);
    this.timer = setTimeout(() => {
      this.turning = this.turn();
    }, pause);
  }

  private async look(due: Look, work: (tenantId: string, ledgerId: string) => Promise<void>): Promise<void> {
    const { rows } = await this.database.run(PLATFORM_TENANT, 'read', ({ client }) =>
      client.query<{ tenant_id: string; ledger_id: string }>(due, [LOOK]),
    );
    for (const { tenant_id: tenantId, ledger_id: ledgerId } of rows) {
      const name = `${due} ${tenantId} ${ledgerId}`;
      if (this.stopped || this.underway.has(name)) continue;
      const done = this.connections
        .run(() => work(tenantId, ledgerId))
        .catch((error: unknown) => {
          this.logger.warn({ msg: 'what is due in a ledger could not be done yet', tenantId, ledgerId, err: error });
        })
        .finally(() => this.underway.delete(name));
      this.underway.set(name, done);
    }
  }
}
