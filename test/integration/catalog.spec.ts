import { execFile } from 'node:child_process';
import { Client } from 'pg';
import { daybook } from '../../src/app';
import { auditCatalog, CATALOG_RULES, type CatalogFinding } from '../../src/platform/database/catalog-audit';
import { tenantTable } from '../../src/platform/database/tenant-table';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';

let database: TestDatabase;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin.end();
  await database.drop();
});

const audit = (client: Client = admin): Promise<CatalogFinding[]> =>
  auditCatalog({ query: (text, values) => client.query(text, [...values]) }, daybook.features.catalog);

/** What the audit says of a database that `sql` has spoiled. Nothing stays of it: DDL is transactional. */
async function auditAfter(sql: string): Promise<CatalogFinding[]> {
  await admin.query('BEGIN');
  try {
    await admin.query(sql);
    return await audit();
  } finally {
    await admin.query('ROLLBACK');
  }
}

/** The command as an operator runs it, from the sources. */
function cli(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const env = {
      ...process.env,
      NODE_ENV: 'test',
      DATABASE_URL: database.databaseUrl,
      REDIS_URL: database.redisUrl,
    };
    execFile(
      process.execPath,
      ['-r', '@swc-node/register', 'src/cli.ts', ...args],
      { env },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
      },
    );
  });
}

const proper = (name: string, columns: string, extra = '') =>
  `CREATE TABLE ${name} (tenant_id uuid NOT NULL DEFAULT current_tenant_id(), ${columns}, ${extra || 'PRIMARY KEY (tenant_id, id)'});
   ${tenantTable(name, 'SELECT, INSERT, UPDATE')}`;

const TRUE_POLICY = 'FOR ALL TO PUBLIC USING (true) WITH CHECK (true)';

/** What somebody could do to the database, and the finding that must come of it. */
const SPOILT: readonly (readonly [rule: string, object: string, sql: string])[] = [
  [
    'tenant-column',
    'forgotten',
    `CREATE TABLE forgotten (id uuid PRIMARY KEY); ALTER TABLE forgotten OWNER TO daybook_owner`,
  ],
  [
    'tenant-column',
    'loose',
    proper('loose', 'id uuid', 'UNIQUE (tenant_id)').replace('tenant_id uuid NOT NULL', 'tenant_id uuid'),
  ],
  ['row-level-security', 'accounts', 'ALTER TABLE accounts DISABLE ROW LEVEL SECURITY'],
  ['row-level-security', 'accounts', 'ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY'],
  ['policies', 'accounts', 'DROP POLICY accounts_floor ON accounts'],
  ['policies', 'accounts', `CREATE POLICY more ON accounts ${TRUE_POLICY}`],
  [
    'policies',
    'accounts',
    `DROP POLICY accounts_tenant ON accounts; CREATE POLICY accounts_tenant ON accounts ${TRUE_POLICY}`,
  ],
  [
    'policies',
    'accounts',
    `DROP POLICY accounts_tenant ON accounts;
     CREATE POLICY accounts_tenant ON accounts USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid)`,
  ],
  [
    'policies',
    'accounts',
    `DROP POLICY accounts_floor ON accounts;
     CREATE POLICY accounts_floor ON accounts AS RESTRICTIVE FOR SELECT TO daybook_app, daybook_readonly USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid)`,
  ],
  [
    'policies',
    'accounts',
    `ALTER POLICY accounts_tenant ON accounts USING (tenant_id = current_setting('app.tenant_id', true)::uuid)`,
  ],
  ['policies', 'accounts', 'ALTER POLICY accounts_tenant ON accounts TO daybook_app'],
  ['policies', 'accounts', 'ALTER POLICY accounts_floor ON accounts TO daybook_app'],
  ['policies', 'accounts', 'ALTER POLICY accounts_system ON accounts TO daybook_system, daybook_migrator, daybook_app'],
  ['policies', 'accounts', 'DROP POLICY accounts_system ON accounts'],
  ['tenant-first-in-keys', 'accounts.oracle', 'CREATE UNIQUE INDEX oracle ON accounts (code)'],
  ['tenant-first-in-keys', 'accounts.oracle', 'CREATE UNIQUE INDEX oracle ON accounts (lower(code), tenant_id)'],
  [
    'tenant-first-in-keys',
    'sideways.sideways_pkey',
    proper('sideways', 'id uuid', 'CONSTRAINT sideways_pkey PRIMARY KEY (id, tenant_id)'),
  ],
  ['tenant-first-in-keys', 'keyless', proper('keyless', 'id uuid', 'UNIQUE (tenant_id, id)')],
  [
    'tenant-first-in-foreign-keys',
    'links.links_fkey',
    `CREATE UNIQUE INDEX oracle ON ledgers (id);` +
      proper(
        'links',
        'id uuid, ledger_id uuid',
        'PRIMARY KEY (tenant_id, id), CONSTRAINT links_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers (id)',
      ),
  ],
  [
    'tenant-first-in-foreign-keys',
    'links.links_fkey',
    proper('links', 'id uuid, ledger_id uuid') +
      `ALTER TABLE links ADD CONSTRAINT links_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id) NOT VALID`,
  ],
  [
    'no-cascade-in-the-ledger',
    'transactions.transactions_parent_fkey',
    `ALTER TABLE transactions DROP CONSTRAINT transactions_parent_fkey, ADD CONSTRAINT transactions_parent_fkey
       FOREIGN KEY (tenant_id, parent_id) REFERENCES transactions (tenant_id, id) ON DELETE CASCADE`,
  ],
  ['owner', 'accounts', 'ALTER TABLE accounts OWNER TO daybook_app'],
  ['owner', 'refuse_change()', 'ALTER FUNCTION refuse_change() OWNER TO daybook_app'],
  ['grants', 'accounts', 'GRANT TRUNCATE ON accounts TO daybook_app'],
  ['grants', 'accounts', 'GRANT REFERENCES ON accounts TO daybook_app'],
  ['grants', 'accounts', 'GRANT TRIGGER ON accounts TO daybook_app'],
  ['grants', 'accounts', 'GRANT SELECT ON accounts TO PUBLIC'],
  ['grants', 'accounts', 'GRANT SELECT ON accounts TO daybook_app WITH GRANT OPTION'],
  ['grants', 'accounts', 'GRANT INSERT ON accounts TO daybook_readonly'],
  ['grants', 'accounts', 'GRANT UPDATE ON accounts TO daybook_system'],
  ['grants', 'users', 'GRANT SELECT ON users TO daybook_readonly'],
  ['grants', 'entries', 'GRANT UPDATE ON entries TO daybook_app'],
  ['grants', 'transactions', 'GRANT DELETE ON transactions TO daybook_app'],
  ['grants', 'entries.amount', 'GRANT UPDATE (amount) ON entries TO daybook_app'],
  ['grants', 'schema public', 'GRANT CREATE ON SCHEMA public TO daybook_app'],
  ['grants', 'schema public', 'GRANT USAGE ON SCHEMA public TO PUBLIC'],
  [
    'grants',
    'database',
    `DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO daybook_app', current_database()); END $$`,
  ],
  ['views', 'everything', 'CREATE VIEW everything AS SELECT * FROM accounts'],
  ['views', 'everything', 'CREATE VIEW everything WITH (security_invoker = false) AS SELECT * FROM accounts'],
  ['views', 'everything', 'CREATE MATERIALIZED VIEW everything AS SELECT * FROM accounts'],
  [
    'views',
    'reports.everything',
    'CREATE SCHEMA reports; GRANT USAGE ON SCHEMA reports TO daybook_app; CREATE VIEW reports.everything AS SELECT * FROM accounts',
  ],
  [
    'security-definer',
    'public.peek()',
    `CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1::bigint'`,
  ],
  [
    'security-definer',
    'memberships_of(person uuid)',
    'ALTER FUNCTION daybook_system.memberships_of(uuid) OWNER TO daybook_owner',
  ],
  [
    'security-definer',
    'memberships_of(person uuid)',
    'ALTER FUNCTION daybook_system.memberships_of(uuid) RESET search_path',
  ],
  [
    'security-definer',
    'memberships_of(person uuid)',
    'ALTER FUNCTION daybook_system.memberships_of(uuid) SET search_path = public, pg_temp',
  ],
  [
    'security-definer',
    'memberships_of(person uuid)',
    'GRANT EXECUTE ON FUNCTION daybook_system.memberships_of(uuid) TO PUBLIC',
  ],
  [
    'security-definer',
    'analyze_grown_tables()',
    'ALTER FUNCTION daybook_system.analyze_grown_tables() OWNER TO daybook_system',
  ],
  ['sequences', 'counter', 'CREATE SEQUENCE counter'],
  ['sequences', 'numbered_id_seq', proper('numbered', 'id bigint GENERATED ALWAYS AS IDENTITY')],
  ['column-types', 'typed.at', proper('typed', 'id uuid, at timestamp')],
  ['column-types', 'typed.rate', proper('typed', 'id uuid, rate double precision')],
  ['column-types', 'typed.rate', proper('typed', 'id uuid, rate real')],
  ['column-types', 'typed.price', proper('typed', 'id uuid, price money')],
  ['tenant-time', 'typed.at', proper('typed', 'id uuid, at timestamptz DEFAULT now()')],
  ['tenant-time', 'typed.at', proper('typed', 'id uuid, at timestamptz DEFAULT CURRENT_TIMESTAMP')],
  ['tenant-time', 'typed.at', proper('typed', 'id uuid, at timestamptz DEFAULT clock_timestamp()')],
  ['column-types', 'typed.body', proper('typed', 'id uuid, body json')],
  ['amounts', 'typed.amount', proper('typed', 'id uuid, amount numeric(12,2) CHECK (amount > 0)')],
  ['amounts', 'typed.amount', proper('typed', 'id uuid, amount numeric(38,0)')],
  ['amounts', 'entries.amount', 'ALTER TABLE entries DROP CONSTRAINT entries_amount_check'],
  ['triggers', 'entries.entries_check', 'ALTER TABLE entries DISABLE TRIGGER entries_check'],
  ['triggers', 'entries.entries_immutable', 'DROP TRIGGER entries_immutable ON entries'],
  ['triggers', 'transactions.transactions_check', 'ALTER TABLE transactions ENABLE REPLICA TRIGGER transactions_check'],
  ['roles', 'daybook_app', 'ALTER ROLE daybook_app BYPASSRLS'],
  ['roles', 'daybook_app', 'ALTER ROLE daybook_app SUPERUSER'],
  ['roles', 'daybook_app', 'ALTER ROLE daybook_app CREATEROLE'],
  ['roles', 'daybook_owner', 'ALTER ROLE daybook_owner LOGIN'],
  ['roles', 'daybook_app', 'GRANT daybook_owner TO daybook_app'],
  ['roles', 'daybook_app', 'GRANT daybook_system TO daybook_app'],
  ['roles', 'daybook_app', 'GRANT pg_read_all_data TO daybook_app'],
  ['roles', 'daybook_readonly', 'GRANT daybook_migrator TO daybook_readonly'],
  [
    'settings',
    'test_',
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET app.tenant_id = %L', current_database(), '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01'); END $$`,
  ],
  ['settings', 'daybook_app', `ALTER ROLE daybook_app SET session_replication_role = 'replica'`],
];

describe('TEN-03 REL-22 F6 F9 the catalog of a freshly migrated database', () => {
  it('has nothing that the audit objects to', async () => {
    expect(await audit()).toEqual([]);
  });

  it('has what the audit looks at: tables of tenants, their policies, keys and grants', async () => {
    const { rows } = await admin.query<{ tables: number; policies: number; keys: number }>(`
      SELECT (SELECT count(*)::int FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relforcerowsecurity) AS tables,
             (SELECT count(*)::int FROM pg_policy) AS policies,
             (SELECT count(*)::int FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace) AS keys`);
    const [{ tables, policies, keys } = { tables: 0, policies: 0, keys: 0 }] = rows;
    expect(tables).toBeGreaterThanOrEqual(9);
    expect(policies).toBe(3 * tables);
    expect(keys).toBeGreaterThanOrEqual(8);
  });

  it.each(SPOILT.map(([rule, object, sql]) => ({ rule, object, sql, begin: sql.replace(/\s+/g, ' ').slice(0, 100) })))(
    'reports $rule of $object after $begin',
    async ({ rule, object, sql }) => {
      const findings = await auditAfter(sql);
      expect(findings).toContainEqual(
        expect.objectContaining({ rule, object: expect.stringContaining(object) as string }),
      );
      // it blames what was spoilt and nothing beside it
      expect(new Set(findings.map((finding) => finding.object)).size).toBeLessThanOrEqual(2);
    },
  );

  it('every rule has been seen to bite, but the one that needs an old server', () => {
    const bitten = new Set(SPOILT.map(([rule]) => rule));
    expect(CATALOG_RULES.filter((rule) => !bitten.has(rule))).toEqual(['server-version']);
  });

  it('is clean again afterwards', async () => {
    expect(await audit()).toEqual([]);
  });
});

describe('TEN-03 cli audit', () => {
  it('says that nothing was found and exits with 0; says what was found and exits with 1', async () => {
    expect(await cli('audit')).toEqual({ code: 0, output: 'nothing found\n' });
    await admin.query('CREATE VIEW everything AS SELECT * FROM accounts');
    try {
      const { code, output } = await cli('audit');
      expect(code).toBe(1);
      expect(output).toContain('views: everything: a view without security_invoker shows the rows of all tenants\n');
      expect(output).toMatch(/audit: \d+ found/);
    } finally {
      await admin.query('DROP VIEW everything');
    }
  });
});
