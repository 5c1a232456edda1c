import { createHash } from 'node:crypto';
import { type TestAnswer, type TestApp } from './app';

/** A ledger with accounts, made over HTTP as a client makes it. */
export interface TestLedger {
  readonly id: string;
  readonly path: string;
  /** Account ids by code. */
  readonly accounts: ReadonlyMap<string, string>;
}

export const ACCOUNTS = {
  cash: 'asset',
  bank: 'asset',
  loans: 'liability',
  capital: 'equity',
  sales: 'revenue',
  rent: 'expense',
} as const;

export async function createLedger(
  app: TestApp,
  token: string,
  name = `Ledger ${Math.random()}`,
  accounts: Readonly<Record<string, string>> = ACCOUNTS,
): Promise<TestLedger> {
  const ledger = await created(app.request('POST', '/v1/ledgers', { token, body: { name } }));
  const path = `/v1/ledgers/${ledger}`;
  const ids = new Map<string, string>();
  for (const [code, type] of Object.entries(accounts))
    ids.set(code, await created(app.request('POST', `${path}/accounts`, { token, body: { code, type } })));
  return { id: ledger, path, accounts: ids };
}

async function created(request: Promise<TestAnswer>): Promise<string> {
  const { status, body, text } = await request;
  if (status !== 201) throw new Error(`${status} ${text}`);
  return (body as { id: string }).id;
}

/** Two entries that balance. */
export const posting = (
  amount: string,
  { debit = 'cash', credit = 'sales', currency = 'EUR', ...more }: Record<string, string> = {},
): Record<string, unknown> & { entries: Record<string, unknown>[] } => ({
  ...more,
  entries: [
    { account: debit, direction: 'debit', amount, currency },
    { account: credit, direction: 'credit', amount, currency },
  ],
});

const TABLES = [
  'ledgers',
  'ledger_heads',
  'currencies',
  'accounts',
  'balances',
  'transactions',
  'entries',
  'holds',
  'reversals',
  'idempotency_keys',
] as const;

/** A hash per table over all rows of all tenants: equal before and after means that nothing changed. */
export async function fingerprintOfTables(
  app: TestApp,
  tables: readonly string[] = TABLES,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const table of tables) {
    const rows = await app.sql<{ row: string }>(`SELECT t::text AS row FROM ${table} t ORDER BY 1`);
    hashes[table] = createHash('sha256')
      .update(rows.map(({ row }) => row).join('\n'))
      .digest('hex');
  }
  return hashes;
}

const POSTED = `(kind NOT IN ('held', 'released'))`;
const PENDING = `CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount END`;

/** What is wrong with the books, straight from the rows: nothing, or one line per fault (REL-01, REL-02, REL-12). */
export async function faultsInBooks(app: Pick<TestApp, 'sql'>): Promise<string[]> {
  const rows = await app.sql<{ fault: string }>(`
    SELECT 'transaction ' || transaction_id || ' does not sum to zero in ' || currency AS fault FROM entries
      GROUP BY tenant_id, transaction_id, currency, kind HAVING sum(CASE direction WHEN 'debit' THEN amount ELSE -amount END) <> 0
    UNION ALL
    SELECT 'balance of ' || b.account_id || ' differs from its entries' FROM balances b LEFT JOIN (
      SELECT tenant_id, account_id, currency, count(*) AS n, max(version) AS last,
             COALESCE(sum(amount) FILTER (WHERE direction = 'debit' AND ${POSTED}), 0) AS debits, COALESCE(sum(amount) FILTER (WHERE direction = 'credit' AND ${POSTED}), 0) AS credits,
             COALESCE(sum(${PENDING}) FILTER (WHERE direction = 'debit'), 0) AS pending_debits, COALESCE(sum(${PENDING}) FILTER (WHERE direction = 'credit'), 0) AS pending_credits
      FROM entries GROUP BY 1, 2, 3) e USING (tenant_id, account_id, currency)
      WHERE (b.posted_debits, b.posted_credits, b.pending_debits, b.pending_credits, b.version, b.version)
            IS DISTINCT FROM (e.debits, e.credits, e.pending_debits, e.pending_credits, e.n, e.last)
    UNION ALL
    SELECT 'entry ' || version || ' of ' || account_id || ' does not follow from the one before' FROM (
      SELECT *, lag(version, 1, 0::bigint) OVER w AS version_before, lag(balance_after, 1, 0::numeric) OVER w AS balance_before
      FROM entries WINDOW w AS (PARTITION BY tenant_id, account_id, currency ORDER BY version)) e
      WHERE version <> version_before + 1 OR balance_after <> balance_before + CASE WHEN NOT ${POSTED} THEN 0 WHEN direction = 'debit' THEN amount ELSE -amount END
    UNION ALL
    SELECT 'the sequence of ' || l.ledger_id || ' has a gap or its head is wrong' FROM ledger_heads l LEFT JOIN (
      SELECT tenant_id, ledger_id, count(*) AS n, max(sequence) AS last FROM transactions GROUP BY 1, 2) t USING (tenant_id, ledger_id)
      WHERE (COALESCE(t.n, 0), COALESCE(t.last, 0)) IS DISTINCT FROM (l.sequence, l.sequence)
    UNION ALL
    SELECT 'transaction ' || t.id || ' has not the entries that it says' FROM transactions t LEFT JOIN (
      SELECT tenant_id, transaction_id, count(*) AS n FROM entries GROUP BY 1, 2) e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
      WHERE t.entry_count IS DISTINCT FROM e.n
    UNION ALL
    SELECT 'pending of ' || b.account_id || ' is not what its open holds reserve' FROM balances b LEFT JOIN (
      SELECT h.tenant_id, e.account_id, e.currency,
             COALESCE(sum(h.remaining[e.position + 1]) FILTER (WHERE e.direction = 'debit'), 0) AS debits, COALESCE(sum(h.remaining[e.position + 1]) FILTER (WHERE e.direction = 'credit'), 0) AS credits
      FROM holds h JOIN entries e ON e.tenant_id = h.tenant_id AND e.transaction_id = h.transaction_id GROUP BY 1, 2, 3) o USING (tenant_id, account_id, currency)
      WHERE (b.pending_debits, b.pending_credits) IS DISTINCT FROM (COALESCE(o.debits, 0), COALESCE(o.credits, 0))
    UNION ALL
    SELECT 'more of ' || t.id || ' was reversed than it was' FROM transactions t JOIN (
      SELECT c.tenant_id, c.parent_id, sum(e.amount) AS amount FROM transactions c JOIN entries e ON e.tenant_id = c.tenant_id AND e.transaction_id = c.id AND e.kind = 'reversed'
      GROUP BY 1, 2) r ON r.tenant_id = t.tenant_id AND r.parent_id = t.id
      WHERE r.amount > (SELECT sum(amount) FROM entries e WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id AND ${POSTED})
    UNION ALL
    SELECT 'transaction ' || c.id || ' counts before what it changes' FROM transactions c JOIN transactions p ON p.tenant_id = c.tenant_id AND p.id = c.parent_id
      WHERE c.effective_at < p.effective_at
    UNION ALL
    SELECT 'key ' || key || ' names a transaction that is not there' FROM idempotency_keys k
      WHERE k.resource_id IS NOT NULL AND NOT EXISTS (SELECT FROM transactions t WHERE t.tenant_id = k.tenant_id AND t.id = k.resource_id)`);
  return rows.map(({ fault }) => fault);
}
