import { Client } from 'pg';
import { uuidv7 } from '../../src/common/ids/uuid';
import { TenantDatabase } from '../../src/platform/database/tenant-database';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';

const TENANTS = 50;
const TRANSACTIONS = 4_000;
const ACCOUNTS = 60;
/** Rows of the last tenant's ledger, that of the requests. */
const TABLES = [
  'transactions',
  'entries',
  'accounts',
  'balances',
  'currencies',
  'holds',
  'reversals',
  'transaction_metadata',
  'ledger_heads',
];

/**
 * A book of every tenant as if it had been posted, without the hours that posting would take: whole transactions, dense
 * versions. One in 40 is a hold, one in 80 the void of one, one in 100 has metadata. Hashes are not real ones.
 */
const FILL = `
WITH books AS MATERIALIZED (
  SELECT tenant_id, id AS ledger_id FROM ledgers
), chart AS MATERIALIZED (
  INSERT INTO accounts (tenant_id, id, ledger_id, code, type, normal_balance)
  SELECT tenant_id, gen_random_uuid(), ledger_id, CASE WHEN n < 40 THEN 'users:' ELSE 'assets:' END || n, 'asset', 'debit' FROM books, generate_series(0, ${ACCOUNTS - 1}) n
  RETURNING tenant_id, id, ledger_id, split_part(code, ':', 2)::int AS n
), made AS MATERIALIZED (
  INSERT INTO transactions (tenant_id, ledger_id, id, sequence, kind, parent_id, reference, effective_at, created_at, created_by, entry_count, metadata, hash)
  SELECT tenant_id, ledger_id, md5(ledger_id::text || s)::uuid, s, k, CASE WHEN k = 'void' THEN md5(ledger_id::text || s - 40)::uuid END,
         CASE WHEN s % 4 = 0 THEN 'order-' || s END, timestamptz '2026-01-01Z' + interval '1 minute' * ((s::bigint * 7919) % ${TRANSACTIONS}),
         timestamptz '2026-06-01Z' + interval '1 second' * (s / 3), '00000000-0000-0000-0000-000000000000', 2,
         CASE WHEN s % 100 = 0 THEN '{"channel": "web"}'::jsonb ELSE '{}' END, decode(repeat('00', 32), 'hex')
    FROM books, generate_series(1, ${TRANSACTIONS}) s
    CROSS JOIN LATERAL (SELECT CASE WHEN s % 40 = 0 AND s % 80 <> 0 THEN 'hold' WHEN s % 80 = 0 THEN 'void' ELSE 'posting' END AS k) kinds
  RETURNING *
), held AS (
  INSERT INTO holds (tenant_id, ledger_id, transaction_id, sequence, status, remaining)
  SELECT tenant_id, ledger_id, id, sequence, CASE WHEN sequence % 80 = 40 AND sequence % 160 = 40 THEN 'pending' ELSE 'voided' END,
         CASE WHEN sequence % 160 = 40 THEN '{100,100}'::numeric[] ELSE '{0,0}' END FROM made WHERE kind = 'hold'
), undone AS (
  INSERT INTO reversals (tenant_id, ledger_id, transaction_id, sequence, whole, remaining)
  SELECT tenant_id, ledger_id, id, sequence, true, '{0,0}'::numeric[] FROM made WHERE sequence % 50 = 1
), filed AS (
  INSERT INTO transaction_metadata (tenant_id, ledger_id, key, value, sequence)
  SELECT tenant_id, ledger_id, 'channel', 'web', sequence FROM made WHERE metadata <> '{}'
), legs AS MATERIALIZED (
  SELECT m.*, p AS position, c.id AS account_id, CASE p WHEN 0 THEN 'debit' ELSE 'credit' END AS direction, 1 + m.sequence % 1000 AS amount,
         row_number() OVER (PARTITION BY c.id ORDER BY m.sequence, p) AS version
    FROM made m CROSS JOIN generate_series(0, 1) p
    JOIN chart c ON c.ledger_id = m.ledger_id AND c.n = CASE p WHEN 0 THEN m.sequence * 31 % ${ACCOUNTS} ELSE (m.sequence * 17 + 1) % ${ACCOUNTS} END
), booked AS (
  INSERT INTO entries (tenant_id, ledger_id, transaction_id, position, account_id, currency, kind, direction, amount, version, balance_after, effective_at, created_at)
  SELECT tenant_id, ledger_id, id, position, account_id, 'EUR', 'posted', direction, amount, version, 0, effective_at, created_at FROM legs
), money AS (
  INSERT INTO currencies (tenant_id, code, scale, name, custom) SELECT tenant_id, 'EUR', 2, 'Euro', false FROM books
), moved AS (
  INSERT INTO balances (tenant_id, ledger_id, account_id, currency, posted_debits, posted_credits, version)
  SELECT tenant_id, ledger_id, account_id, 'EUR', 0, 0, count(*) FROM legs GROUP BY 1, 2, 3
)
INSERT INTO ledger_heads (tenant_id, ledger_id, sequence, posted_at) SELECT tenant_id, ledger_id, ${TRANSACTIONS}, now() FROM books`;

describe('plans of lists, on 200,000 transactions of 50 tenants', () => {
  let app: TestApp;
  let owner: TestTenant;
  let admin: Client;
  let ledgerId: string;

  beforeAll(async () => {
    app = await startTestApp({ DATABASE_POOL_SIZE: '1' });
    owner = await app.createTenantWithOwner();
    admin = new Client({ connectionString: app.database.adminUrl });
    await admin.connect();
    await admin.query('SET session_replication_role = replica');
    const tenants = [...Array.from({ length: TENANTS - 1 }, () => uuidv7()), owner.tenantId];
    ledgerId = uuidv7();
    await admin.query(
      `INSERT INTO ledgers (tenant_id, id, name) SELECT t, CASE WHEN t = $2 THEN $3::uuid ELSE gen_random_uuid() END, 'Book' FROM unnest($1::uuid[]) t`,
      [tenants, owner.tenantId, ledgerId],
    );
    await admin.query(FILL);
    await admin.query('SET session_replication_role = origin');
    for (const table of TABLES) await admin.query(`ANALYZE ${table}`);
  }, 120_000);
  afterAll(async () => {
    await admin.end();
    await app.close();
  });

  /** Rows that sessions have fetched so far, from tables and through indexes. */
  async function rowsRead(): Promise<number> {
    // a session tells what it did when it is asked to, or within a second of it
    await app.app
      .get(TenantDatabase)
      .run(owner.tenantId, 'read', ({ client }) => client.query('SELECT pg_stat_force_next_flush()'));
    await admin.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await admin.query<{ read: string }>(
      'SELECT sum(COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0)) AS read FROM pg_stat_user_tables WHERE relname = ANY ($1)',
      [TABLES],
    );
    return Number(rows[0]?.read);
  }

  /** Asks for a page, and gives the cursor of the next one. */
  async function expectLean(query: string): Promise<string | null> {
    const before = await rowsRead();
    const path = `/v1/ledgers/${ledgerId}/transactions?${query}`;
    const { status, body } = await app.request('GET', path, { token: owner.token });
    const read = (await rowsRead()) - before;
    expect([query, status]).toEqual([query, 200]);
    const items = body.items as { entries: unknown[]; children: unknown[] }[];
    const returned = items.reduce((sum, { entries, children }) => sum + 1 + entries.length + children.length, 0);
    expect(items.length).toBeGreaterThan(0);
    expect(read).toBeGreaterThanOrEqual(returned);
    // what it takes to find the place, once per page, is the 100
    expect([query, read, read <= 5 * returned + 100]).toEqual([query, read, true]);
    return body.next as string | null;
  }

  it.each([
    'limit=50',
    'limit=200',
    'reference=order-400',
    'referencePrefix=order-3',
    'account=users:7',
    'account=users:7&currency=EUR',
    'accountPrefix=users:1',
    'accountPrefix=assets:',
    'accountPrefix=users:',
    'currency=EUR',
    'kind=hold',
    'kind=posting',
    'kind=void',
    'status=pending',
    'status=voided',
    'status=reversed',
    'status=posted',
    'currency=EUR&amountFrom=3.00&amountTo=4.00',
    'currency=EUR&amountFrom=9.99',
    'effectiveFrom=2026-01-02T00:00:00Z&effectiveTo=2026-01-03T00:00:00Z',
    'effectiveFrom=2026-01-03T00:00:00Z',
    'createdFrom=2026-06-01T00:10:00Z&createdTo=2026-06-01T00:15:00Z',
    'createdTo=2026-06-01T00:10:00Z',
    'metadataKey=channel&metadataValue=web',
    'account=users:7&createdTo=2026-06-01T00:10:00Z',
    'status=pending&createdTo=2026-06-01T00:10:00Z',
  ])('API-11 %s reads at most five times what it returns, on the first page and the next', async (query) => {
    const next = await expectLean(query);
    if (next !== null) await expectLean(`${query}&cursor=${next}`);
  });

  // an account has some 130 entries; with their transactions, that is what may be read, and not the ledger's 4,000
  it.each([
    ['a month', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', 100],
    ['a quarter of an hour', '2026-01-01T10:00:00Z', '2026-01-01T10:15:00Z', 0],
  ])('a comparison with a statement of %s reads no more than the account has', async (_what, from, to, least) => {
    const before = await rowsRead();
    const { status, body } = await app.request('POST', `/v1/ledgers/${ledgerId}/accounts/users:7/reconcile`, {
      token: owner.token,
      body: { currency: 'EUR', effectiveFrom: from, effectiveTo: to, lines: [] },
    });
    const read = (await rowsRead()) - before;
    expect([status, (body.extra as unknown[]).length >= least]).toEqual([200, true]);
    expect([read, read <= 400]).toEqual([read, true]);
  });
});
