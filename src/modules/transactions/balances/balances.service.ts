import { Injectable } from '@nestjs/common';
import { formatAmount } from '../../../common/money/amount';
import { formatInstant, parseInstant } from '../../../common/time/instant';
import { currentTransaction } from '../../../platform/database/tenant-database';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { assertReachesAll } from '../accounts/reach';
import { AccountsService } from '../accounts/accounts.service';
import { type Axis, readSums, sumsIn, type SumRow, sumsSql } from './balance-sums';
import { type Direction } from '../core/account';
import { searchOf } from '../core/account-pattern';
import { availableAmount, type BalanceSums, expectedAmount, postedAmount } from '../core/balance';
import { type AsOfQuery } from './as-of.dto';
import {
  type AccountBalancesQuery,
  type AccountBalancesResponse,
  type BalanceResponse,
  type LedgerBalanceResponse,
  type LedgerBalancesQuery,
  type TrialBalanceResponse,
  type TrialBalanceTotal,
} from './balance.dto';
import { LedgersService } from '../ledgers/ledgers.service';

interface GroupRow extends SumRow {
  readonly code: string;
  readonly accounts: number;
}

@Injectable()
export class BalancesService {
  constructor(
    private readonly ledgers: LedgersService,
    private readonly accounts: AccountsService,
    private readonly cursors: CursorService,
  ) {}

  /** One per currency, of the account or of it and all below it. @throws Problem `account-not-found` */
  async ofAccount(ledgerId: string, idOrCode: string, query: AccountBalancesQuery): Promise<AccountBalancesResponse> {
    const account = await this.accounts.get(ledgerId, idOrCode);
    const rollup = query.rollup === 'true';
    if (rollup) assertReachesAll('a sum of an account and all below it');
    const which = rollup ? { codes: searchOf(account.code, true) } : { accountId: account.id };
    const rows = await readSums({ ledgerId, ...asOf(query), ...which });
    const currencies = new Map<string, { scale: number; version: bigint; sums: BalanceSums }>();
    for (const row of rows) {
      const before = currencies.get(row.currency);
      const sums = before ? plus(before.sums, sumsIn(row)) : sumsIn(row);
      const version = (before?.version ?? 0n) + BigInt(row.version);
      currencies.set(row.currency, { scale: row.scale, version, sums });
    }
    return {
      accountId: account.id,
      account: account.code,
      normalBalance: account.normalBalance,
      rollup,
      asOf: momentOf(query),
      balances: [...currencies]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([currency, { scale, version, sums }]) => ({
          currency,
          ...amountsOf(sums, account.normalBalance, scale),
          version: Number(version),
        })),
    };
  }

  /** @throws Problem `ledger-not-found` */
  async trialBalance(ledgerId: string, query: AsOfQuery): Promise<TrialBalanceResponse> {
    await this.ledgers.get(ledgerId);
    const rows = await readSums({ ledgerId, ...asOf(query) });
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

  /**
   * Balances of accounts that a pattern names, one by one or added up by the first segments of their codes. What they
   * are added up under need not be an account.
   * @throws Problem `ledger-not-found`
   */
  async ofLedger(ledgerId: string, query: LedgerBalancesQuery) {
    await this.ledgers.get(ledgerId);
    const { code, depth, currency, asOf: moment, axis } = query;
    return this.cursors.page(
      `balances ${ledgerId}`,
      query,
      { code, depth: depth?.toString(), currency, asOf: moment, axis },
      async ({ direction, key, limit, filters }) => {
        const forward = direction === 'next';
        const values: unknown[] = [];
        const sums = sumsSql(
          {
            ledgerId,
            ...asOf({ asOf: filters.asOf, axis: filters.axis as Axis | undefined }),
            codes: filters.code === undefined ? undefined : searchOf(filters.code, true),
            currency: filters.currency,
          },
          values,
        );
        const group =
          filters.depth === undefined ? 's.code' : firstSegments('s.code', `$${values.push(filters.depth)}::int`);
        const after = key
          ? `WHERE (g.code, g.currency) ${forward ? '>' : '<'} ($${values.push(key[0])}, $${values.push(key[1])})`
          : '';
        const order = forward ? 'ASC' : 'DESC';
        const { rows } = await currentTransaction().client.query<GroupRow>(
          `SELECT g.*, c.scale FROM (
             SELECT ${group} AS code, s.currency, count(*)::int AS accounts, sum(s.debits)::text AS debits, sum(s.credits)::text AS credits,
                    sum(s.pending_debits)::text AS pending_debits, sum(s.pending_credits)::text AS pending_credits
               FROM (${sums}) s GROUP BY 1, 2) g
             JOIN currencies c ON c.tenant_id = $1 AND c.code = g.currency
            ${after} ORDER BY g.code ${order}, g.currency ${order} LIMIT $${values.push(limit + 1)}`,
          values,
        );
        return rows;
      },
      (row) => [row.code, row.currency],
      (row): LedgerBalanceResponse => {
        const { posted, pending } = amountsOf(sumsIn(row), 'debit', row.scale);
        return { code: row.code, currency: row.currency, accounts: row.accounts, posted, pending };
      },
    );
  }
}

const firstSegments = (code: string, count: string) =>
  `array_to_string((string_to_array(${code}, ':'))[1:${count}], ':') COLLATE "C"`;

const plus = (one: BalanceSums, other: BalanceSums): BalanceSums => ({
  debits: one.debits + other.debits,
  credits: one.credits + other.credits,
  pendingDebits: one.pendingDebits + other.pendingDebits,
  pendingCredits: one.pendingCredits + other.pendingCredits,
});

/** In the sign of the normal balance. */
function amountsOf(
  sums: BalanceSums,
  normal: Direction,
  scale: number,
): Pick<BalanceResponse, 'posted' | 'pending' | 'available' | 'expected'> {
  const format = (minor: bigint) => formatAmount(minor, scale);
  return {
    posted: {
      debits: format(sums.debits),
      credits: format(sums.credits),
      amount: format(postedAmount(sums, normal)),
    },
    pending: { debits: format(sums.pendingDebits), credits: format(sums.pendingCredits) },
    available: format(availableAmount(sums, normal)),
    expected: format(expectedAmount(sums, normal)),
  };
}

/** As the query of sums takes it. */
const asOf = (query: AsOfQuery): { moment: Date | undefined; axis: Axis | undefined } => ({
  moment: parseInstant(query.asOf),
  axis: query.axis,
});

function momentOf(query: AsOfQuery): string | null {
  const moment = parseInstant(query.asOf);
  return moment ? formatInstant(moment) : null;
}
