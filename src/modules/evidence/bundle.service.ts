import { type Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config';
import { TenantDatabase, type Transaction } from '../../platform/database/tenant-database';
import { SnapshotStreams } from '../../platform/http/snapshot-streams';
import { KeyRing, type PublishedKey } from '../auth';
import { canonicalTransaction, ChartService, LedgersService } from '../transactions';
import { formatInstant } from '../../common/time/instant';
import { BUNDLE_README } from './bundle-readme';
import { type LedgerRow, type StateRow } from './core/ledger-row';
import { readAccounts } from './reading/balance-reader';
import { byIndex } from './reading/by-index';
import { readCheckpoints } from './reading/checkpoint-reader';
import { headOf } from './reading/head-reader';
import { readLedger } from './reading/ledger-reader';

/** A ledger with all that is needed to check it elsewhere, as lines of JSON. */
@Injectable()
export class BundleService {
  constructor(
    private readonly config: Config,
    private readonly database: TenantDatabase,
    private readonly streams: SnapshotStreams,
    private readonly keys: KeyRing,
    private readonly ledgers: LedgersService,
    private readonly chart: ChartService,
  ) {}

  /** @throws Problem `ledger-not-found`, `unavailable` when too many exports are open */
  async start(tenantId: string, ledgerId: string): Promise<Readable> {
    await this.database.run(tenantId, 'read', () => this.ledgers.get(ledgerId));
    const keys = await this.keys.checkpointSet();
    return this.streams.start(tenantId, (transaction) => this.lines(transaction, ledgerId, keys));
  }

  private async *lines(
    { client, tenantId, now }: Transaction,
    ledgerId: string,
    keys: readonly PublishedKey[],
  ): AsyncGenerator<string, void> {
    await byIndex(client);
    const head = await headOf(client, tenantId, ledgerId);
    const counts = { currencies: 0, accounts: 0, transactions: 0, entries: 0, checkpoints: 0, balances: 0 };
    yield line('header', {
      form: 'daybook.bundle.1',
      ledger: ledgerId,
      tenant: tenantId,
      issuer: this.config.security.tokenIssuer,
      exportedAt: formatInstant(now),
      head: { sequence: head.sequence.toString(), hash: head.hash },
      readme: BUNDLE_README,
    });
    yield line('keys', { keys });
    for (const { code, scale } of await this.chart.currenciesOf(ledgerId)) {
      counts.currencies += 1;
      yield line('currency', { code, scale });
    }
    for await (const page of readAccounts(client, tenantId, ledgerId)) {
      counts.accounts += page.length;
      yield page
        .map(({ id, code, name, type, normalBalance }) =>
          line('account', { id, code, name, accountType: type, normalBalance }),
        )
        .join('');
    }

    // only which place each has: whoever gets the bundle checks what they say
    const checkpoints = readCheckpoints(client, tenantId, ledgerId, new Map());
    let checkpoint = (await checkpoints.next()).value;
    for await (const page of readLedger(client, tenantId, ledgerId)) {
      let text = '';
      for (const row of page) {
        counts.transactions += 1;
        counts.entries += row.entries.length;
        text += line('transaction', transactionOf(row));
        for (; checkpoint && checkpoint.sequence <= row.sequence; checkpoint = (await checkpoints.next()).value) {
          counts.checkpoints += 1;
          text += line('checkpoint', { jws: checkpoint.jws });
        }
      }
      yield text;
    }
    for (; checkpoint; checkpoint = (await checkpoints.next()).value) {
      counts.checkpoints += 1;
      yield line('checkpoint', { jws: checkpoint.jws });
    }
    for await (const page of readAccounts(client, tenantId, ledgerId)) {
      const balances = page.flatMap((account) => account.balances);
      counts.balances += balances.length;
      yield balances
        .map(({ accountId, currency, debits, credits, pendingDebits, pendingCredits, version }) =>
          line('balance', {
            ...{ account: accountId, currency, debits: String(debits), credits: String(credits) },
            ...{
              pendingDebits: String(pendingDebits),
              pendingCredits: String(pendingCredits),
              version: String(version),
            },
          }),
        )
        .join('');
    }
    yield line('footer', counts);
  }
}

const line = (type: string, content: object): string => `${JSON.stringify({ type, ...content })}\n`;

function transactionOf(row: LedgerRow): object {
  const state = row.hold ?? row.reversal;
  return { canonical: canonicalOf(row), hash: row.hash, ...(state ? { state: stateOf(row, state) } : {}) };
}

/** Null where the row cannot be written: what was altered must not keep the rest from being checked. */
function canonicalOf(row: LedgerRow): string | null {
  try {
    // an account that is gone is null: whoever checks the bundle sees that the hash is another
    return canonicalTransaction(row as Parameters<typeof canonicalTransaction>[0]);
  } catch {
    return null;
  }
}

function stateOf({ parts }: LedgerRow, { status, remaining }: StateRow): object {
  const children = [...parts.children.values()].reduce((sum, count) => sum + count, 0);
  return { status, remaining: remaining.map(String), children };
}
