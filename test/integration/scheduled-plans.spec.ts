import { Client } from 'pg';
import { uuidv7 } from '../../src/common/ids/uuid';
import { PLATFORM_TENANT, TenantDatabase } from '../../src/platform/database/tenant-database';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';

const TENANTS = 50;
const SCHEDULED = 4_000;

/** One in ten is still to come, one in forty failed, one in forty was cancelled; the others were posted. */
const FILL = `
INSERT INTO scheduled_transactions (tenant_id, id, ledger_id, post_at, due_at, status, request, begun_at, ended_at, transaction_id, problem, cancelled_by, created_by)
SELECT tenant_id, gen_random_uuid(), id, at, at, state, '{"entries": []}', CASE WHEN state IN ('posted', 'failed') THEN at END, CASE WHEN state <> 'scheduled' THEN at END,
       CASE state WHEN 'posted' THEN gen_random_uuid() END, CASE state WHEN 'failed' THEN '{}'::jsonb END, CASE state WHEN 'cancelled' THEN gen_random_uuid() END, gen_random_uuid()
  FROM ledgers, generate_series(1, ${SCHEDULED}) n
 CROSS JOIN LATERAL (SELECT CASE WHEN n % 10 = 0 THEN 'scheduled' WHEN n % 40 = 1 THEN 'failed' WHEN n % 40 = 2 THEN 'cancelled' ELSE 'posted' END AS state,
                            CASE WHEN n % 10 = 0 THEN timestamptz '2100-01-01Z' ELSE timestamptz '2026-01-01Z' END + interval '1 minute' * ((n * 7919) % ${SCHEDULED}) AS at) s`;

describe('plans of scheduled transactions, 200,000 of 50 tenants', () => {
  let app: TestApp;
  let owner: TestTenant;
  let admin: Client;
  let path: string;

  beforeAll(async () => {
    app = await startTestApp({ DATABASE_POOL_SIZE: '1' });
    owner = await app.createTenantWithOwner();
    admin = new Client({ connectionString: app.database.adminUrl });
    await admin.connect();
    const ledgerId = uuidv7();
    path = `/v1/ledgers/${ledgerId}/scheduled-transactions`;
    await admin.query('SET session_replication_role = replica');
    await admin.query(
      `INSERT INTO ledgers (tenant_id, id, name) SELECT t, CASE WHEN t = $2 THEN $3::uuid ELSE gen_random_uuid() END, 'Book' FROM unnest($1::uuid[]) t`,
      [[...Array.from({ length: TENANTS - 1 }, () => uuidv7()), owner.tenantId], owner.tenantId, ledgerId],
    );
    await admin.query(FILL);
    await admin.query('SET session_replication_role = origin');
    await admin.query('ANALYZE scheduled_transactions');
  }, 120_000);
  afterAll(async () => {
    await admin.end();
    await app.close();
  });

  /** Rows of the table that sessions have fetched so far. */
  async function rowsRead(): Promise<number> {
    const database = app.app.get(TenantDatabase);
    await database.run(PLATFORM_TENANT, 'read', ({ client }) => client.query('SELECT pg_stat_force_next_flush()'));
    await admin.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await admin.query<{ read: string }>(
      `SELECT seq_tup_read + idx_tup_fetch AS read FROM pg_stat_user_tables WHERE relname = 'scheduled_transactions'`,
    );
    return Number(rows[0]?.read);
  }

  it.each(['limit=50', 'limit=200', 'status=scheduled', 'status=failed', 'status=cancelled&limit=10', 'status=posted'])(
    'a page of %s reads at most five times what it returns, and so do the pages beside it',
    async (query) => {
      let cursor: string | undefined;
      for (const turn of ['first', 'next', 'previous']) {
        const before = await rowsRead();
        const { body } = await app.request('GET', `${path}?${query}${cursor ? `&cursor=${cursor}` : ''}`, {
          token: owner.token,
        });
        const read = (await rowsRead()) - before;
        const { items, next, previous } = body as { items: unknown[]; next: string; previous: string };
        expect([turn, items.length > 0, read > 0, read <= 5 * items.length]).toEqual([turn, true, true, true]);
        cursor = turn === 'first' ? next : previous;
      }
    },
  );

  it('a worker that finds nothing due reads nothing', async () => {
    const before = await rowsRead();
    const { rows } = await app.app
      .get(TenantDatabase)
      .run(PLATFORM_TENANT, 'read', ({ client }) =>
        client.query('SELECT * FROM daybook_system.ledgers_with_due_schedules(10000)'),
      );
    expect([rows, (await rowsRead()) - before]).toEqual([[], 0]);
  });
});
