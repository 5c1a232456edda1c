import { Injectable } from '@nestjs/common';
import { formatAmount } from '../../common/money/amount';
import { formatInstant, parseInstant } from '../../common/time/instant';
import { currentTransaction } from '../../platform/database/tenant-database';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type PageQuery } from '../../platform/http/pagination/page.dto';
import { AccountsService } from './accounts.service';
import { type AccountType, type Direction } from './core/account';
import { type AsOfQuery } from './dto/account.dto';
import {
  type AccountBalancesResponse,
  type AccountEntryResponse,
  type TrialBalanceResponse,
  type TrialBalanceTotal,
} from './dto/balance.dto';
import { LedgersService } from './ledgers.service';

interface SumRow {
  readonly account_id: string;
  readonly code: string;
  readonly type: AccountType;
  readonly normal_balance: Direction;
  readonly currency: string;
  readonly scale: number;
  readonly debits: string;
  readonly credits: string;
  readonly version: string;
}

/** Balances as they are, read from the rows that the engine keeps. */
const NOW = `
SELECT a.id AS account_id, a.code, a.type, a.normal_balance, b.currency, c.scale,
       b.posted_debits::text AS debits, b.posted_credits::text AS credits, b.version::text AS version
  FROM accounts a
  JOIN balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
  JOIN currencies c ON c.tenant_id = b.tenant_id AND c.code = b.currency
 WHERE a.tenant_id = $1 AND a.ledger_id = $2`;

/** Balances as they were: the sum of the entries up to and at the moment (REL-14). */
const asOf = (column: 'effective_at' | 'created_at') => `
SELECT a.id AS account_id, a.code, a.type, a.normal_balance, e.currency, c.scale,
       COALESCE(sum(e.amount) FILTER (WHERE e.direction = 'debit'), 0)::text AS debits,
       COALESCE(sum(e.amount) FILTER (WHERE e.direction = 'credit'), 0)::text AS credits, count(*)::text AS version
  FROM accounts a
  JOIN entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id AND e.${column} <= $3
  JOIN currencies c ON c.tenant_id = e.tenant_id AND c.code = e.currency
 WHERE a.tenant_id = $1 AND a.ledger_id = $2`;

@Injectable()
export class BalancesService {
  constructor(
    private readonly ledgers: LedgersService,
    private readonly accounts: AccountsService,
    private readonly cursors: CursorService,
  ) {}

  /** @throws Problem `account-not-found` */
  async ofAccount(ledgerId: string, idOrCode: string, query: AsOfQuery): Promise<AccountBalancesResponse> {
    const account = await this.accounts.get(ledgerId, idOrCode);
    const rows = await this.sums(ledgerId, query, account.id);
    return {
      accountId: account.id,
      account: account.code,
      normalBalance: account.normalBalance,
      asOf: momentOf(query),
      balances: rows.map((row) => {
        const [debits, credits] = [BigInt(row.debits), BigInt(row.credits)];
        const amount = account.normalBalance === 'debit' ? debits - credits : credits - debits;
        const format = (minor: bigint) => formatAmount(minor, row.scale);
        return {
          currency: row.currency,
          posted: { debits: format(debits), credits: format(credits), amount: format(amount) },
          version: Number(row.version),
        };
      }),
    };
  }

  /** @throws Problem `ledger-not-found` */
  async trialBalance(ledgerId: string, query: AsOfQuery): Promise<TrialBalanceResponse> {
    await this.ledgers.get(ledgerId);
    const rows = await this.sums(ledgerId, query);
    const totals = new Map<string, { scale: number; debits: bigint; credits: bigint }>();
    for (const { currency, scale, debits, credits } of rows) {
      const total = totals.get(currency) ?? { scale, debits: 0n, credits: 0n };
      total.debits += BigInt(debits);
      total.credits += BigInt(credits);
      totals.set(currency, total);
    }
    return {
      ledgerId,
      asOf: momentOf(query),
      axis: query.axis ?? 'effective',
      balanced: [...totals.values()].every(({ debits, credits }) => debits === credits),
      totals: [...totals]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([currency, { scale, debits, credits }]): TrialBalanceTotal => ({
          currency,
          debits: formatAmount(debits, scale),
          credits: formatAmount(credits, scale),
          difference: formatAmount(debits - credits, scale),
        })),
      rows: rows.map((row) => ({
        accountId: row.account_id,
        account: row.code,
        type: row.type,
        currency: row.currency,
        debits: formatAmount(BigInt(row.debits), row.scale),
        credits: formatAmount(BigInt(row.credits), row.scale),
        balance: formatAmount(BigInt(row.debits) - BigInt(row.credits), row.scale),
      })),
    };
  }

  /** Entries of an account in one currency or all, oldest first. @throws Problem `account-not-found` */
  async entries(ledgerId: string, idOrCode: string, query: PageQuery) {
    const account = await this.accounts.get(ledgerId, idOrCode);
    const { client, tenantId } = currentTransaction();
    return this.cursors.page(
      `entries ${account.id}`,
      query,
      {},
      async ({ direction, key, limit }) => {
        const forward = direction === 'next';
        const { rows } = await client.query<EntryRow>(
          `SELECT e.transaction_id, e.version::text, e.direction, e.amount::text, e.currency, c.scale, e.balance_after::text, e.effective_at, e.created_at
             FROM entries e JOIN currencies c ON c.tenant_id = e.tenant_id AND c.code = e.currency
            WHERE e.tenant_id = $1 AND e.account_id = $2 ${key ? `AND (e.currency, e.version) ${forward ? '>' : '<'} ($4, $5::bigint)` : ''}
            ORDER BY e.currency ${forward ? 'ASC' : 'DESC'}, e.version ${forward ? 'ASC' : 'DESC'} LIMIT $3`,
          [tenantId, account.id, limit + 1, ...(key ?? [])],
        );
        return rows;
      },
      (row) => [row.currency, row.version],
      (row): AccountEntryResponse => ({
        transactionId: row.transaction_id,
        version: Number(row.version),
        direction: row.direction,
        amount: formatAmount(BigInt(row.amount), row.scale),
        currency: row.currency,
        balanceAfter: formatAmount(BigInt(row.balance_after), row.scale),
        effectiveAt: formatInstant(row.effective_at),
        createdAt: formatInstant(row.created_at),
      }),
    );
  }

  private async sums(ledgerId: string, query: AsOfQuery, accountId?: string): Promise<SumRow[]> {
    const { client, tenantId } = currentTransaction();
    const moment = query.asOf === undefined ? undefined : parseInstant(query.asOf);
    const values: unknown[] = [tenantId, ledgerId, ...(moment ? [moment] : []), ...(accountId ? [accountId] : [])];
    const one = accountId ? `AND a.id = $${values.length}` : '';
    const sql = moment
      ? `${asOf(query.axis === 'created' ? 'created_at' : 'effective_at')} ${one} GROUP BY a.id, a.code, a.type, a.normal_balance, e.currency, c.scale ORDER BY a.code, e.currency`
      : `${NOW} ${one} ORDER BY a.code, b.currency`;
    return (await client.query<SumRow>(sql, values)).rows;
  }
}

interface EntryRow {
  readonly transaction_id: string;
  readonly version: string;
  readonly direction: Direction;
  readonly amount: string;
  readonly currency: string;
  readonly scale: number;
  readonly balance_after: string;
  readonly effective_at: Date;
  readonly created_at: Date;
}

function momentOf(query: AsOfQuery): string | null {
  const moment = query.asOf === undefined ? undefined : parseInstant(query.asOf);
  return moment ? formatInstant(moment) : null;
}
