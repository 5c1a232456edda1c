import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type QueryRunner } from 'typeorm';
import { daybook } from '../../src/app';
import { loadConfig } from '../../src/config/config';
import { bootstrapDatabase } from '../../src/platform/database/bootstrap';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { migrate, MIGRATION_LOCK } from '../../src/platform/database/migrate';
import { MIGRATION_SETTINGS } from '../../src/platform/database/tenant-table';

const ROOT = join(__dirname, '../..');
const MIGRATIONS = daybook.features.migrations;
const NAMES = MIGRATIONS.map((Migration) => new Migration().name);

/** The URL of the role in the database of this test. */
function urlOf(variable: string, database: string): string {
  const url = new URL(process.env[variable] ?? '');
  url.pathname = `/${database}`;
  return url.href;
}

const name = `test_migrate_${process.env.JEST_WORKER_ID ?? ''}_${randomBytes(6).toString('hex')}`;
const environment = (database = name) => ({
  ...process.env,
  NODE_ENV: 'test',
  DATABASE_URL: urlOf('TEST_DATABASE_URL', database),
  DATABASE_MIGRATION_URL: urlOf('TEST_DATABASE_MIGRATION_URL', database),
  DATABASE_ADMIN_URL: process.env.TEST_POSTGRES_ADMIN_URL,
  REDIS_URL: process.env.TEST_REDIS_URL,
});

const run = (...args: string[]) => runIn(name, ...args);

function runIn(database: string, ...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, env: environment(database) };
    execFile(process.execPath, ['-r', '@swc-node/register', ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}

let admin: Client;

beforeAll(async () => {
  await bootstrapDatabase(loadConfig(environment()));
  admin = new Client({ connectionString: urlOf('TEST_POSTGRES_ADMIN_URL', name) });
  await admin.connect();
});

afterAll(async () => {
  await admin.end();
  const server = new Client({ connectionString: process.env.TEST_POSTGRES_ADMIN_URL });
  await server.connect();
  await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await server.end();
});

describe('REL-20 migrate', () => {
  it('refuses a role that row-level security applies to, and changes nothing', async () => {
    const config = loadConfig({ ...environment(), DATABASE_MIGRATION_URL: environment().DATABASE_URL });
    await expect(migrate(dataSourceOptions(config, daybook.features, 'migrator'))).rejects.toThrow(
      'migrations must run as daybook_migrator, not daybook_app',
    );
    const { rows } = await admin.query(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`);
    expect(rows).toEqual([]);
  });

  it('three at once apply each migration once', async () => {
    // all three have begun before any may go on
    await admin.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const running = Promise.all(Array.from({ length: 3 }, () => run('src/cli.ts', 'migrate')));
    const deadline = Date.now() + 60_000;
    for (let waiting = 0; waiting < 3;) {
      if (Date.now() > deadline) throw new Error(`${waiting} wait for their turn`);
      const { rowCount } = await admin.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      waiting = rowCount ?? 0;
    }
    await admin.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    const runs = await running;
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(runs.map(({ output }) => output).sort()).toEqual([
      NAMES.map((one) => `applied ${one}\n`).join(''),
      'nothing to migrate\n',
      'nothing to migrate\n',
    ]);
    const { rows } = await admin.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY id');
    expect(rows.map((row) => row.name)).toEqual(NAMES);
  }, 90_000);

  it('bootstrap may run again on a database in use', async () => {
    await bootstrapDatabase(loadConfig(environment()));
    expect(await run('src/cli.ts', 'migrate')).toEqual({ code: 0, output: 'nothing to migrate\n' });
  });

  it('API-11 the order of account codes, and with it pages and prefixes, is the same under any locale', async () => {
    const { rows } = await admin.query(
      `SELECT c.collname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation WHERE a.attrelid = 'accounts'::regclass AND a.attname = 'code'`,
    );
    expect(rows).toEqual([{ collname: 'C' }]);
  });

  it('entities and tables agree: migration:generate has nothing to add', async () => {
    const args = ['node_modules/typeorm/cli.js', '-d', 'ormconfig.ts', 'migration:generate', '--check', 'drift'];
    const same = await run(...args);
    expect(same.output).toContain('No changes in database schema were found');
    expect(same.code).toBe(0);

    await admin.query('ALTER TABLE ledgers DROP COLUMN description');
    try {
      const drifted = await run(...args);
      expect(drifted.code).toBe(1);
      expect(drifted.output).toContain('ADD "description" text');
    } finally {
      await admin.query('ALTER TABLE ledgers ADD COLUMN description text');
    }
  }, 60_000);
});

/** As the engine of that release wrote it: transactions, entries, balances and head in one statement. */
const POSTINGS_BEFORE_THE_CHAIN = `
  INSERT INTO tenants (id, name, slug, settings) VALUES ('0198a000-0000-7000-8000-000000000001', 'T', 'rows', '{}');
  INSERT INTO ledgers (tenant_id, id, name) SELECT t.id, '0198a000-0000-7000-8000-000000000002', 'L' FROM tenants t;
  INSERT INTO ledger_heads (tenant_id, ledger_id) SELECT tenant_id, id FROM ledgers;
  INSERT INTO currencies (tenant_id, code, scale, name, custom) SELECT id, 'EUR', 2, 'Euro', false FROM tenants;
  INSERT INTO accounts (tenant_id, id, ledger_id, code, type, normal_balance)
    SELECT l.tenant_id, a.id::uuid, l.id, a.code, a.type, a.normal FROM ledgers l, (VALUES
      ('0198a000-0000-7000-8000-00000000000a', 'cash', 'asset', 'debit'), ('0198a000-0000-7000-8000-00000000000b', 'sales', 'revenue', 'credit')) AS a (id, code, type, normal);
  WITH rows AS (
    SELECT n, ('0198a000-0000-7000-8000-' || lpad(to_hex(n + 4096), 12, '0'))::uuid AS id, timestamptz '2026-01-01 00:00:00.125Z' + n * interval '1 second' AS at,
           CASE WHEN n % 7 = 0 THEN jsonb_build_object('z', n, 'ä', jsonb_build_array('"', null, 1.50, true)) ELSE '{}' END AS metadata
      FROM generate_series(1, 1200) AS n
  ), posted AS (
    INSERT INTO transactions (tenant_id, ledger_id, id, sequence, status, reference, description, effective_at, created_at, created_by, entry_count, metadata)
    SELECT l.tenant_id, l.id, r.id, r.n, 'posted', CASE WHEN n % 5 = 0 THEN 'ref-' || n END, CASE WHEN n % 3 = 0 THEN E'Zeile\n„' || n || '“' END, r.at - interval '1 day', r.at, l.id, 2, r.metadata
      FROM rows r, ledgers l
  ), balanced AS (
    INSERT INTO balances (tenant_id, account_id, currency, ledger_id, posted_debits, posted_credits, version)
    SELECT a.tenant_id, a.id, 'EUR', a.ledger_id, CASE a.code WHEN 'cash' THEN s.total ELSE 0 END, CASE a.code WHEN 'cash' THEN 0 ELSE s.total END, 1200
      FROM accounts a, (SELECT sum(n) AS total FROM rows) s
  ), entered AS (
    INSERT INTO entries (tenant_id, transaction_id, position, account_id, currency, direction, amount, version, balance_after, effective_at, created_at)
    SELECT a.tenant_id, r.id, CASE a.code WHEN 'cash' THEN 0 ELSE 1 END, a.id, 'EUR', a.normal_balance, r.n, r.n,
           CASE a.code WHEN 'cash' THEN 1 ELSE -1 END * r.n * (r.n + 1) / 2, r.at - interval '1 day', r.at
      FROM rows r, accounts a
  )
  UPDATE ledger_heads SET sequence = 1200, posted_at = (SELECT max(at) FROM rows);`;

describe('REL-13 REL-20 a ledger from before the hash chain', () => {
  const database = `${name}_rows`;
  let rows: Client;

  beforeAll(async () => {
    const config = loadConfig(environment(database));
    await bootstrapDatabase(config);
    const options = dataSourceOptions(config, daybook.features, 'migrator');
    await migrate({ ...options, migrations: MIGRATIONS.slice(0, 5) });
    rows = new Client({ connectionString: urlOf('TEST_POSTGRES_ADMIN_URL', database) });
    await rows.connect();
    await rows.query(POSTINGS_BEFORE_THE_CHAIN);
  }, 60_000);
  afterAll(async () => {
    await rows.end();
    await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
  });

  it('is chained by the migration as the verifier expects it, and watched from then on', async () => {
    expect((await runIn(database, 'src/cli.ts', 'migrate')).output).toContain(`applied ${NAMES.at(-1) ?? ''}`);
    const clean = await runIn(database, 'src/cli.ts', 'verify');
    expect([clean.code, clean.output]).toEqual([0, expect.stringContaining('nothing found')]);
    expect(clean.output).toContain('1200 transactions, 2400 entries, 2 balances, 0 checkpoints, 0 findings');

    await rows.query(
      `SET session_replication_role = replica; UPDATE transactions SET description = 'x' WHERE sequence = 1100`,
    );
    const altered = await runIn(database, 'src/cli.ts', 'verify', '--tenant', '0198a000-0000-7000-8000-000000000001');
    expect(altered.code).toBe(1);
    expect(altered.output).toContain('hash: transaction 0198a000-0000-7000-8000-00000000144c: sequence 1100');
    expect(altered.output).toContain('verify: 1 found');
  }, 60_000);

  it.each([
    [['--ledger', '0198a000-0000-7000-8000-000000000002'], '--ledger needs --tenant'],
    [['--tenant', 'acme'], '--tenant takes an id'],
    [
      ['--tenant', '0198a000-0000-7000-8000-000000000001', '--ledger', '0198a000-0000-7000-8000-000000000009'],
      'ledger-not-found',
    ],
  ])('verify %j says what it takes', async (args, words) => {
    const answer = await runIn(database, 'src/cli.ts', 'verify', ...args);
    expect([answer.code, answer.output]).toEqual([1, expect.stringContaining(words)]);
  });
});

/** What a migration would send. */
async function statementsOf(migration: { up(runner: QueryRunner): Promise<void> }): Promise<string[]> {
  const statements: string[] = [];
  const recorder = {
    query: (sql: string) => {
      statements.push(sql);
      return Promise.resolve([]);
    },
  };
  await migration.up(recorder as unknown as QueryRunner);
  return statements;
}

/** Changes that stop the traffic, or that the release before does not survive, on tables that were there before. */
function unsafe(statements: readonly string[]): string[] {
  const sql = statements.join(';').replace(/--.*$/gm, '');
  const made = new Set([...sql.matchAll(/\bCREATE TABLE (?:IF NOT EXISTS )?(\w+)/gi)].map(([, table]) => table));
  const findings = [...sql.matchAll(/\bCREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?[^;]*?\bON (\w+)/gi)]
    .filter(([, concurrently, table]) => !concurrently && !made.has(table))
    .map(([, , table]) => `an index on ${table} that is not made CONCURRENTLY`);
  for (const [, table, change = ''] of sql.matchAll(/\bALTER TABLE (?:IF EXISTS |ONLY )*(\w+)\s+([^;]*)/gi)) {
    if (made.has(table)) continue;
    for (const [pattern, finding] of [
      [/\bADD CONSTRAINT(?![^,]*\b(?:NOT VALID|USING INDEX)\b)/i, 'a constraint that is not NOT VALID'],
      [/\bADD COLUMN (?!.*\bDEFAULT\b)[^,]*\bNOT NULL\b/i, 'a required column without a default'],
      [/\bSET NOT NULL\b/i, 'SET NOT NULL'],
      [/\bALTER COLUMN \w+ (?:SET DATA )?TYPE\b/i, 'another type'],
      [/\bDROP (?!CONSTRAINT|DEFAULT|IDENTITY)/i, 'something dropped'],
      [/\bRENAME\b/i, 'something renamed'],
    ] as const)
      if (pattern.test(change)) findings.push(`${finding} on ${table}`);
  }
  if (/\bDROP TABLE\b|\bTRUNCATE (?!ON\b)\w+\s*;/i.test(sql)) findings.push('a table dropped or emptied');
  return findings;
}

/** Migrations that stop the traffic while they run, and why that is right. */
const STOPS_THE_TRAFFIC: Readonly<Record<string, string>> = {
  HoldsAndChain1795300000006: 'every row of the ledger gets its place in the hash chain, before the first release',
};

describe('REL-21 the migrations themselves', () => {
  it('are all on the list, in order, once', () => {
    // each in the folder of its feature
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\/migrations\/\d+-[^/]*\.ts$/.test(file),
    );
    const times = files.map((file) => /\/(\d+)-/.exec(file)?.[1]).sort();
    expect(times).toEqual(NAMES.map((one) => /\d+$/.exec(one)?.[0]));
    expect(NAMES).toEqual([...NAMES].sort((a, b) => Number(/\d+$/.exec(a)) - Number(/\d+$/.exec(b))));
  });

  it('the settings bound every wait and turn a policy that hides rows into an error', () => {
    for (const setting of [
      /set_config\('row_security', 'off', true\) FROM pg_roles WHERE rolname = current_user AND \(rolbypassrls/,
      /SET LOCAL lock_timeout = '\d+s'/,
      /SET LOCAL statement_timeout = '\d+min'/,
    ])
      expect(MIGRATION_SETTINGS).toMatch(setting);
  });

  it.each(MIGRATIONS.map((Migration) => ({ name: new Migration().name, Migration })))(
    '$name begins with the settings, holds up no traffic, and does not go back',
    async ({ Migration }) => {
      const migration = new Migration();
      const statements = await statementsOf(migration);
      expect(statements[0]?.startsWith(MIGRATION_SETTINGS)).toBe(true);
      expect(unsafe(statements).length > 0).toBe(migration.name in STOPS_THE_TRAFFIC);
      await expect(migration.down()).rejects.toThrow('migrations go forward only');
    },
  );

  it.each([
    ['CREATE INDEX i ON accounts (code)', 'an index on accounts that is not made CONCURRENTLY'],
    ['CREATE UNIQUE INDEX i ON accounts (code)', 'an index on accounts that is not made CONCURRENTLY'],
    ['ALTER TABLE accounts ADD CONSTRAINT c CHECK (true)', 'a constraint that is not NOT VALID on accounts'],
    ['ALTER TABLE accounts ADD COLUMN c text NOT NULL', 'a required column without a default on accounts'],
    ['ALTER TABLE accounts ALTER COLUMN c SET NOT NULL', 'SET NOT NULL on accounts'],
    ['ALTER TABLE accounts ALTER COLUMN c TYPE bigint', 'another type on accounts'],
    ['ALTER TABLE accounts DROP COLUMN c', 'something dropped on accounts'],
    ['ALTER TABLE accounts RENAME COLUMN c TO d', 'something renamed on accounts'],
    ['DROP TABLE accounts', 'a table dropped or emptied'],
  ])('would be reported: %s', (sql, finding) => {
    expect(unsafe([sql])).toContain(finding);
  });

  it.each([
    'CREATE INDEX CONCURRENTLY i ON accounts (code)',
    'CREATE TABLE fresh (id uuid); CREATE INDEX i ON fresh (id); ALTER TABLE fresh ADD CONSTRAINT c CHECK (true)',
    'ALTER TABLE accounts ADD COLUMN c text',
    "ALTER TABLE accounts ADD COLUMN c text NOT NULL DEFAULT ''",
    'ALTER TABLE accounts ADD CONSTRAINT c CHECK (true) NOT VALID',
  ])('is fine: %s', (sql) => {
    expect(unsafe([sql])).toEqual([]);
  });
});
