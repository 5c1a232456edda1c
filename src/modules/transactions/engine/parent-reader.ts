import { type PoolClient } from 'pg';
import { type Currency } from '../../../common/money/currency';
import { Problem } from '../../../common/problems/problem';
import { type Book, type HoldStatus, type ParentEntry } from '../core/book';
import { movesPosted, type TransactionKind } from '../core/recorded';
import { ACCOUNT_JSON, type AccountRow, addToBook, BALANCE_JSON, type BalanceRow } from './batch-reader';
import { type Unit } from './command';

/** Holds whose end is recorded in one batch; if more are due the next batch records them, before anything else. */
export const EXPIRIES_MAX = 500;

interface ParentRow {
  readonly id: string;
  readonly kind: TransactionKind;
  readonly sequence: string;
  readonly status: HoldStatus | null;
  readonly effective_at: string;
  readonly expires_at: string | null;
  readonly held: string[] | null;
  readonly reversible: string[] | null;
  /** account, code, kind, direction, amount, currency */
  readonly entries: [string, string, ParentEntry['kind'], ParentEntry['direction'], string, string][];
}

interface Row {
  readonly due: string[] | null;
  readonly parents: ParentRow[] | null;
  readonly accounts: AccountRow[] | null;
  readonly balances: BalanceRow[] | null;
  readonly currencies: Currency[] | null;
}

/** Transactions that commands settle or reverse and holds that are due, with all that an entry of theirs touches. */
const READ = {
  name: 'engine-read-parents',
  text: `
WITH due AS MATERIALIZED (
  SELECT transaction_id AS id FROM holds
   WHERE tenant_id = $1 AND ledger_id = $2 AND status = 'pending' AND expires_at <= $4 ORDER BY expires_at, sequence LIMIT ${EXPIRIES_MAX}
), parents AS MATERIALIZED (
  SELECT t.id, t.kind, t.sequence, t.effective_at, h.status, h.expires_at, h.remaining AS held, r.remaining AS reversible
    FROM (SELECT id FROM due UNION SELECT unnest($3::uuid[])) AS wanted
    JOIN transactions t ON t.tenant_id = $1 AND t.id = wanted.id AND t.ledger_id = $2
    LEFT JOIN holds h ON h.tenant_id = t.tenant_id AND h.transaction_id = t.id
    LEFT JOIN reversals r ON r.tenant_id = t.tenant_id AND r.transaction_id = t.id
), legs AS MATERIALIZED (
  SELECT e.transaction_id, e.position, e.account_id, e.kind, e.direction, e.amount, e.currency
    FROM parents JOIN entries e ON e.tenant_id = $1 AND e.transaction_id = parents.id
), named AS MATERIALIZED (
  SELECT a.* FROM (SELECT DISTINCT account_id FROM legs) l JOIN accounts a ON a.tenant_id = $1 AND a.id = l.account_id
)
SELECT
  (SELECT json_agg(id) FROM due) AS due,
  (SELECT json_agg(json_build_object('id', p.id, 'kind', p.kind, 'sequence', p.sequence::text, 'status', p.status, 'effective_at', p.effective_at, 'expires_at', p.expires_at,
                                     'held', p.held::text[], 'reversible', p.reversible::text[], 'entries',
     (SELECT json_agg(json_build_array(l.account_id, n.code, l.kind, l.direction, l.amount::text, l.currency) ORDER BY l.position)
        FROM legs l JOIN named n ON n.id = l.account_id WHERE l.transaction_id = p.id))) FROM parents p) AS parents,
  (SELECT ${ACCOUNT_JSON('named')} FROM named) AS accounts,
  (SELECT ${BALANCE_JSON} FROM (SELECT DISTINCT account_id, currency FROM legs) l
     JOIN balances b ON b.tenant_id = $1 AND b.account_id = l.account_id AND b.currency = l.currency) AS balances,
  (SELECT json_agg(json_build_object('code', c.code, 'scale', c.scale, 'name', c.name)) FROM (SELECT DISTINCT currency FROM legs) l
     JOIN currencies c ON c.tenant_id = $1 AND c.code = l.currency) AS currencies`,
};

/** Ids of the holds and originals that the commands name. */
export function parentIds(units: readonly Unit[]): string[] {
  const ids = new Set<string>();
  for (const { commands } of units)
    for (const { order } of commands)
      if (!(order instanceof Problem) && order.kind !== 'posting') ids.add(order.parentId);
  return [...ids];
}

/** Adds them to the book. @returns ids of the holds that are due, the first to end first */
export async function readParents(
  client: PoolClient,
  tenantId: string,
  book: Book,
  ids: readonly string[],
): Promise<string[]> {
  const { rows } = await client.query<Row>({ ...READ, values: [tenantId, book.ledgerId, ids, book.now] });
  const row = rows[0];
  if (!row) throw new Error('the engine read nothing');
  addToBook(book, row.accounts, row.balances);
  for (const currency of row.currencies ?? []) book.currencies.set(currency.code, currency);
  for (const parent of row.parents ?? []) book.parents.set(parent.id, parentOf(parent));
  return row.due ?? [];
}

function parentOf({
  id,
  kind,
  sequence,
  status,
  effective_at,
  expires_at,
  held,
  reversible,
  entries: legs,
}: ParentRow) {
  const entries = legs.map(([accountId, account, entryKind, direction, amount, currency]): ParentEntry => ({
    accountId,
    account,
    kind: entryKind,
    direction,
    amount: BigInt(amount),
    currency,
  }));
  const left = held ?? reversible;
  return {
    id,
    kind,
    sequence: BigInt(sequence),
    status,
    effectiveAt: new Date(effective_at),
    expiresAt: expires_at === null ? null : new Date(expires_at),
    entries,
    // what a capture released is no part of what can be reversed
    remaining: left?.map(BigInt) ?? entries.map((entry) => (movesPosted(entry.kind) ? entry.amount : 0n)),
    stored: left !== null,
  };
}
