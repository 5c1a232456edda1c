import { Injectable } from '@nestjs/common';
import { formatAmount } from '../../../common/money/amount';
import { formatInstant, parseInstant } from '../../../common/time/instant';
import { currentTransaction } from '../../../platform/database/tenant-database';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { countUpTo } from '../../../platform/http/pagination/total-count';
import { AccountsService } from '../accounts/accounts.service';
import { type Direction } from '../core/account';
import { type EntryKind } from '../core/recorded';
import { type AccountEntryQuery, type AccountEntryResponse } from './account-entry.dto';

type Filters = Readonly<Record<string, string | undefined>>;

interface EntryRow {
  readonly transaction_id: string;
  readonly version: string;
  readonly kind: EntryKind;
  readonly direction: Direction;
  readonly amount: string;
  readonly currency: string;
  readonly scale: number;
  readonly balance_after: string;
  readonly effective_at: Date;
  readonly created_at: Date;
}

/** The highest version that there can be. */
const LAST_VERSION = '9223372036854775807';

/** What moved the balances of an account. */
@Injectable()
export class AccountEntriesService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly cursors: CursorService,
  ) {}

  /** By currency, oldest first. @throws Problem `account-not-found` */
  async list(ledgerId: string, idOrCode: string, query: AccountEntryQuery) {
    const account = await this.accounts.get(ledgerId, idOrCode);
    return this.cursors.page(
      `entries ${account.id}`,
      query,
      filtersOf(query),
      async ({ direction, key, limit, filters }) => {
        const order = direction === 'next' ? 'ASC' : 'DESC';
        const values: unknown[] = [];
        const entries = entriesSql(account.id, filters, values, { direction, key, limit: limit + 1 });
        const { rows } = await currentTransaction().client.query<EntryRow>(
          `SELECT e.transaction_id, e.version::text, e.kind, e.direction, e.amount::text, e.currency, c.scale, e.balance_after::text, e.effective_at, e.created_at
             FROM (${entries}) e JOIN currencies c ON c.tenant_id = e.tenant_id AND c.code = e.currency
            ORDER BY e.currency ${order}, e.version ${order} LIMIT $3`,
          values,
        );
        return rows;
      },
      (row) => [row.currency, row.version],
      (row): AccountEntryResponse => ({
        transactionId: row.transaction_id,
        version: Number(row.version),
        kind: row.kind,
        direction: row.direction,
        amount: formatAmount(BigInt(row.amount), row.scale),
        currency: row.currency,
        balanceAfter: formatAmount(BigInt(row.balance_after), row.scale),
        effectiveAt: formatInstant(row.effective_at),
        createdAt: formatInstant(row.created_at),
      }),
    );
  }

  /** How many there are, counted up to a bound. @throws Problem `account-not-found` */
  async count(ledgerId: string, idOrCode: string, query: AccountEntryQuery): Promise<string> {
    const account = await this.accounts.get(ledgerId, idOrCode);
    return countUpTo((limit) => {
      const values: unknown[] = [];
      const start = { direction: 'next', key: undefined, limit } as const;
      return [entriesSql(account.id, filtersOf(query), values, start), values];
    });
  }
}

const filtersOf = ({ currency, kind, effectiveFrom, effectiveTo, createdFrom, createdTo }: AccountEntryQuery) => ({
  currency,
  kind,
  effectiveFrom,
  effectiveTo,
  createdFrom,
  createdTo,
});

/**
 * Entries in the order of currency and version, at most `limit` of each currency: so each is a walk along the index,
 * which ends early. Moments of recording rise with the versions and bound the walk, too.
 * @param values gets what the query refers to: the tenant, the account, the limit…
 */
function entriesSql(
  accountId: string,
  filters: Filters,
  values: unknown[],
  { direction, key, limit }: { direction: 'next' | 'previous'; key: readonly string[] | undefined; limit: number },
): string {
  const forward = direction === 'next';
  values.push(currentTransaction().tenantId, accountId, limit);
  const moment = (text: string) => `$${values.push(parseInstant(text))}::timestamptz`;
  // the last version before a moment; times have microseconds
  const before = (text: string) =>
    `entry_version_at(b.account_id, b.currency, ${moment(text)} - interval '1 microsecond')`;
  const low = [filters.createdFrom === undefined ? '0' : before(filters.createdFrom)];
  const high = [filters.createdTo === undefined ? LAST_VERSION : before(filters.createdTo)];
  let balances = 'b.tenant_id = $1 AND b.account_id = $2';
  let entries = '';
  if (filters.currency !== undefined) balances += ` AND b.currency = $${values.push(filters.currency)}`;
  if (filters.kind !== undefined) entries += ` AND e.kind = $${values.push(filters.kind)}`;
  if (filters.effectiveFrom !== undefined) entries += ` AND e.effective_at >= ${moment(filters.effectiveFrom)}`;
  if (filters.effectiveTo !== undefined) entries += ` AND e.effective_at < ${moment(filters.effectiveTo)}`;
  if (key) {
    const [currency, version] = [`$${values.push(key[0])}`, `$${values.push(key[1])}::bigint`];
    balances += ` AND b.currency ${forward ? '>=' : '<='} ${currency}`;
    if (forward) low.push(`CASE WHEN b.currency = ${currency} THEN ${version} END`);
    else high.push(`CASE WHEN b.currency = ${currency} THEN ${version} - 1 END`);
  }
  const order = forward ? 'ASC' : 'DESC';
  return `SELECT e.* FROM balances b
    CROSS JOIN LATERAL (SELECT GREATEST(${low.join(', ')})::bigint AS low, LEAST(${high.join(', ')})::bigint AS high OFFSET 0) bounds
    CROSS JOIN LATERAL (
      SELECT e.* FROM entries e
       WHERE e.tenant_id = b.tenant_id AND e.account_id = b.account_id AND e.currency = b.currency
         AND e.version > bounds.low AND e.version <= bounds.high${entries}
       ORDER BY e.version ${order} LIMIT $3) e
   WHERE ${balances}`;
}
