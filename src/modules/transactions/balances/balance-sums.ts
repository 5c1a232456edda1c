import { currentTransaction } from '../../../platform/database/tenant-database';
import { type AccountType, type Direction } from '../core/account';
import { type CodeSearch } from '../core/account-pattern';
import { type BalanceSums } from '../core/balance';

export type Axis = 'effective' | 'created';

/** Which balances of a ledger, and as of when. */
export interface SumsScope {
  readonly ledgerId: string;
  /** Undefined: now, everything. */
  readonly moment?: Date | undefined;
  readonly axis?: Axis | undefined;
  readonly accountId?: string | undefined;
  readonly codes?: CodeSearch | undefined;
  readonly currency?: string | undefined;
}

/** One balance, or several added up. Sums are minor units. */
export interface SumRow {
  readonly currency: string;
  readonly scale: number;
  readonly debits: string;
  readonly credits: string;
  readonly pending_debits: string;
  readonly pending_credits: string;
}

export interface AccountSumRow extends SumRow {
  readonly account_id: string;
  readonly code: string;
  readonly type: AccountType;
  readonly normal_balance: Direction;
  readonly version: string;
}

export const sumsIn = (row: SumRow): BalanceSums => ({
  debits: BigInt(row.debits),
  credits: BigInt(row.credits),
  pendingDebits: BigInt(row.pending_debits),
  pendingCredits: BigInt(row.pending_credits),
});

/** Balances by account code, then currency. */
export async function readSums(scope: SumsScope): Promise<AccountSumRow[]> {
  const values: unknown[] = [];
  const sums = sumsSql(scope, values);
  const { rows } = await currentTransaction().client.query<AccountSumRow>(
    `SELECT s.account_id, s.code, s.type, s.normal_balance, s.currency, c.scale, s.version::text,
            s.debits::text, s.credits::text, s.pending_debits::text, s.pending_credits::text
       FROM (${sums}) s JOIN currencies c ON c.tenant_id = $1 AND c.code = s.currency ORDER BY s.code, s.currency`,
    values,
  );
  return rows;
}

/**
 * A query of balances: account_id, code, type, normal_balance, currency, debits, credits, pending_debits,
 * pending_credits, version.
 * @param values gets what the query refers to, the tenant first
 */
export function sumsSql(scope: SumsScope, values: unknown[]): string {
  values.push(currentTransaction().tenantId, scope.ledgerId);
  const moment = scope.moment && `$${values.push(scope.moment)}::timestamptz`;
  let where = 'a.tenant_id = $1 AND a.ledger_id = $2';
  if (scope.accountId !== undefined) where += ` AND a.id = $${values.push(scope.accountId)}`;
  if (scope.codes) {
    const { from, before, expression } = scope.codes;
    // the range is for the index: under row-level security it serves none but leakproof operators
    where += ` AND a.code >= $${values.push(from)} AND a.code < $${values.push(before)} AND a.code ~ $${values.push(expression)}`;
  }
  const currency = scope.currency === undefined ? undefined : `$${values.push(scope.currency)}`;
  const ofCurrency = (row: string) => (currency === undefined ? '' : `AND ${row}.currency = ${currency}`);
  const account = 'a.id AS account_id, a.code, a.type, a.normal_balance';
  const due = dueSql(moment, scope.axis);
  if (moment === undefined)
    return `WITH due AS MATERIALIZED (${due})
      SELECT ${account}, b.currency, b.posted_debits AS debits, b.posted_credits AS credits, ${stillPending('b.pending_debits', 'b.pending_credits')}, b.version
        FROM accounts a JOIN balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id ${ofCurrency('b')} ${joinDue('b')}
       WHERE ${where}`;
  if (scope.axis === 'created')
    return `WITH due AS MATERIALIZED (${due})
      SELECT ${account}, b.currency, b.posted_debits - later.debits AS debits, b.posted_credits - later.credits AS credits,
             ${stillPending('b.pending_debits - later.pending_debits', 'b.pending_credits - later.pending_credits')}, at.version
        FROM accounts a JOIN balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id ${ofCurrency('b')}
       CROSS JOIN LATERAL (SELECT entry_version_at(b.account_id, b.currency, ${moment}) AS version OFFSET 0) at
       CROSS JOIN LATERAL (${sumOfEntries(`e.account_id = b.account_id AND e.currency = b.currency AND e.version > at.version AND NOT ${endedBy(moment)}`)}) later ${joinDue('b')}
       WHERE ${where} AND at.version > 0`;
  return `WITH due AS MATERIALIZED (${due})
    SELECT ${account}, s.currency, s.debits, s.credits, ${stillPending('s.pending_debits', 's.pending_credits')}, s.version
      FROM accounts a
     CROSS JOIN LATERAL (${sumOfEntries(`e.account_id = a.id AND e.effective_at <= ${moment} ${ofCurrency('e')}`, 'e.currency, ')} GROUP BY e.currency) s ${joinDue('s')}
     WHERE ${where}`;
}

const sum = (amount: string, direction: Direction, more = '') =>
  `COALESCE(sum(${amount}) FILTER (WHERE ${more} e.direction = '${direction}'), 0)`;
const POSTED = `e.kind NOT IN ('held', 'released') AND`;
const PENDING = `CASE e.kind WHEN 'held' THEN e.amount WHEN 'released' THEN -e.amount END`;

const sumOfEntries = (where: string, columns = '') =>
  `SELECT ${columns}count(*) AS version, ${sum('e.amount', 'debit', POSTED)} AS debits, ${sum('e.amount', 'credit', POSTED)} AS credits,
          ${sum(PENDING, 'debit')} AS pending_debits, ${sum(PENDING, 'credit')} AS pending_credits
     FROM entries e WHERE e.tenant_id = $1 AND ${where}`;

/**
 * What holds reserve that have come to their end while that is not recorded yet: it is free for every reader (REL-06).
 * They are few, for a worker records them within a second.
 */
function dueSql(moment: string | undefined, axis: Axis = 'effective'): string {
  const known = moment === undefined ? '' : `AND e.${axis}_at <= ${moment}`;
  const left = 'h.remaining[e.position + 1]';
  return `SELECT e.account_id, e.currency, ${sum(left, 'debit')} AS debits, ${sum(left, 'credit')} AS credits
    FROM holds h JOIN entries e ON e.tenant_id = h.tenant_id AND e.transaction_id = h.transaction_id ${known}
   WHERE h.tenant_id = $1 AND h.ledger_id = $2 AND h.status = 'pending' AND h.expires_at <= ${moment ?? 'tenant_time(statement_timestamp())'}
   GROUP BY e.account_id, e.currency`;
}

const joinDue = (of: string) => `LEFT JOIN due ON due.account_id = a.id AND due.currency = ${of}.currency`;
const stillPending = (debits: string, credits: string) =>
  `${debits} - COALESCE(due.debits, 0) AS pending_debits, ${credits} - COALESCE(due.credits, 0) AS pending_credits`;

/** An entry of a hold's end, which readers knew of at its second, however much later it was recorded. */
const endedBy = (moment: string) =>
  `(e.kind = 'released' AND e.effective_at <= ${moment}
    AND (SELECT t.kind FROM transactions t WHERE t.tenant_id = e.tenant_id AND t.id = e.transaction_id) = 'expiry')`;
