import { type TransactionFilters } from './filters';
import { beginsWith, type Values } from './sql';

/** Where a ledger is looked at, and when: a hold ends on its second. */
export interface Scope {
  readonly tenantId: string;
  readonly ledgerId: string;
  readonly now: Date;
}

/** The sequences of interest, both exclusive. */
export interface Bounds {
  readonly after: bigint;
  readonly before: bigint;
}

/** The parts of the filters, each of which a list can be found by. */
export type FilterName = keyof TransactionFilters;

/*
 * Conditions look at one transaction `t` at a time: OFFSET 0 keeps the planner from turning them into joins with whole
 * tables, which it does where it takes a tenant for a small one.
 */

/** What is asked of a transaction beyond what it was found by, as SQL. */
export function conditionsOf(
  filters: TransactionFilters,
  found: ReadonlySet<FilterName>,
  scope: Scope,
  bounds: Bounds,
  values: Values,
): string[] {
  const { reference, referencePrefix, entry, kind, status, amount, effective, created, metadata } = filters;
  const conditions: string[] = [];
  const asked = (name: FilterName) => !found.has(name);
  if (reference !== undefined && asked('reference')) conditions.push(`t.reference = ${values.add(reference, 'text')}`);
  if (referencePrefix !== undefined && asked('referencePrefix'))
    conditions.push(beginsWith('t.reference', referencePrefix, values));
  if (metadata && asked('metadata'))
    conditions.push(`EXISTS (SELECT FROM transaction_metadata m WHERE m.tenant_id = t.tenant_id AND m.ledger_id = t.ledger_id
      AND m.key = ${values.add(metadata.key, 'text')} AND m.value = ${values.add(metadata.value, 'text')} AND m.sequence = t.sequence OFFSET 0)`);
  if (entry && asked('entry')) conditions.push(entryCondition(entry, values));
  if (kind && asked('kind')) conditions.push(`t.kind = ${values.add(kind, 'text')}`);
  if (status && asked('status')) {
    const now = values.add(scope.now, 'timestamptz');
    conditions.push(`${statusOf(now)} = ${values.add(status, 'text')}`);
  }
  if (amount && asked('amount'))
    conditions.push(`EXISTS (SELECT FROM entries e WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id AND e.direction = 'debit'
      AND e.currency = ${values.add(amount.currency, 'text')}
      AND e.amount BETWEEN ${values.add(amount.from.toString(), 'numeric')} AND ${values.add(amount.to.toString(), 'numeric')} OFFSET 0)`);
  if (effective && asked('effective')) {
    if (effective.from) conditions.push(`t.effective_at >= ${values.add(effective.from, 'timestamptz')}`);
    if (effective.to) conditions.push(`t.effective_at < ${values.add(effective.to, 'timestamptz')}`);
  }
  if (created && asked('created'))
    conditions.push(
      `t.sequence > ${values.add(bounds.after, 'bigint')} AND t.sequence < ${values.add(bounds.before, 'bigint')}`,
    );
  return conditions;
}

/** One entry meets all of it. */
function entryCondition(entry: NonNullable<TransactionFilters['entry']>, values: Values): string {
  const { account, accountPrefix, currency } = entry;
  const of = [`e.tenant_id = t.tenant_id`, 'e.transaction_id = t.id'];
  if (currency !== undefined) of.push(`e.currency = ${values.add(currency, 'text')}`);
  if (account !== undefined) of.push(`e.account_id = ${values.add(account, 'uuid')}`);
  if (accountPrefix !== undefined)
    of.push(`EXISTS (SELECT FROM accounts a WHERE a.tenant_id = t.tenant_id AND a.id = e.account_id
      AND ${beginsWith('a.code', accountPrefix, values)} OFFSET 0)`);
  return `EXISTS (SELECT FROM entries e WHERE ${of.join(' AND ')} OFFSET 0)`;
}

/** The status that answers show (`viewOf` in engine/replay.ts), in SQL. */
const statusOf = (now: string): string => `
  CASE t.kind WHEN 'void' THEN 'voided' WHEN 'expiry' THEN 'expired' WHEN 'reversal' THEN 'posted'
    WHEN 'hold' THEN (SELECT CASE WHEN h.status = 'pending' AND h.expires_at <= ${now} THEN 'expired' ELSE h.status END
                        FROM holds h WHERE h.tenant_id = t.tenant_id AND h.transaction_id = t.id)
    ELSE CASE WHEN EXISTS (SELECT FROM reversals r WHERE r.tenant_id = t.tenant_id AND r.transaction_id = t.id AND r.whole OFFSET 0)
              THEN 'reversed' ELSE 'posted' END END`;
