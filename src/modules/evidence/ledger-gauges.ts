import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { PLATFORM_TENANT, TenantDatabase } from '../../platform/database/tenant-database';
import { Metrics } from '../../platform/telemetry/metrics';

/** All balances are looked at: not more often than this, however often somebody scrapes. */
const FRESH_MS = 60_000;

interface Health {
  readonly heads: string;
  readonly unbalanced: string;
  readonly open_holds: string;
  readonly without_checkpoint: string;
  readonly findings: string;
  readonly verification_age: number;
}

/** The ledgers of all tenants, in numbers. */
@Injectable()
export class LedgerGauges implements OnModuleInit {
  private readonly logger = new Logger(LedgerGauges.name);
  private known: { readonly at: number; readonly health: Promise<Health | undefined> } | undefined;

  constructor(
    private readonly database: TenantDatabase,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const gauge = (name: string, help: string, field: keyof Health) => {
      this.metrics.gauge(name, help, async () => {
        const health = await this.health();
        return health && Number(health[field]);
      });
    };
    gauge('ledger_heads', 'Ledgers with transactions.', 'heads');
    gauge('ledger_unbalanced', 'Ledgers whose balances do not sum to zero in a currency.', 'unbalanced');
    gauge('ledger_open_holds', 'Holds that are pending and have not expired.', 'open_holds');
    gauge('ledger_without_checkpoint', 'Ledgers with transactions that no checkpoint covers.', 'without_checkpoint');
    gauge('ledger_verification_findings', 'What the last verification of each ledger found, in sum.', 'findings');
    gauge(
      'ledger_verification_age_seconds',
      'Time since the last verification of the ledger that waits for its next one the longest.',
      'verification_age',
    );
  }

  private health(): Promise<Health | undefined> {
    if (!this.known || performance.now() - this.known.at > FRESH_MS)
      this.known = { at: performance.now(), health: this.look() };
    return this.known.health;
  }

  private async look(): Promise<Health | undefined> {
    try {
      const { rows } = await this.database.run(PLATFORM_TENANT, 'read', ({ client }) =>
        client.query<Health>('SELECT * FROM daybook_system.ledger_health()'),
      );
      return rows[0];
    } catch (error) {
      this.logger.warn({ msg: 'the ledgers could not be counted', err: error });
      return undefined;
    }
  }
}
