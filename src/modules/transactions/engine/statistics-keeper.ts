import { Logger } from '@nestjs/common';
import { PLATFORM_TENANT, type TenantDatabase } from '../../../platform/database/tenant-database';

const POSTINGS = 250;
const INTERVAL_MS = 1_000;

/**
 * Keeps the planner informed while a ledger fills up (see `analyze_grown_tables` in the ledger's migration). Without it
 * the first minute of a busy new installation is a hundred times slower than the second.
 */
export class StatisticsKeeper {
  private readonly logger = new Logger(StatisticsKeeper.name);
  private since = 0;
  private last = 0;
  private running = false;

  constructor(private readonly database: TenantDatabase) {}

  /** Tells of postings; asks for statistics now and then, and nobody waits for it. */
  posted(count: number): void {
    this.since += count;
    if (this.running || this.since < POSTINGS || performance.now() - this.last < INTERVAL_MS) return;
    this.running = true;
    void this.refresh();
  }

  private async refresh(): Promise<void> {
    try {
      await this.database.run(
        PLATFORM_TENANT,
        'write',
        ({ client }) => client.query('SELECT daybook_system.analyze_grown_tables()'),
        { statementTimeoutMs: 60_000, retries: 0 },
      );
    } catch (error) {
      this.logger.warn({ msg: 'statistics could not be gathered', err: error });
    } finally {
      this.since = 0;
      this.last = performance.now();
      this.running = false;
    }
  }
}
