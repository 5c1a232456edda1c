import { randomBytes } from 'node:crypto';
import Redis from 'ioredis';
import { Client } from 'pg';
import { turnSettingsRound } from './server-settings';

export interface TestDatabase {
  /** The application's own login: row-level security applies to it, as it does in production. */
  readonly databaseUrl: string;
  /** The same past the pooler; undefined where there is none. */
  readonly directUrl: string | undefined;
  /** The login that runs migrations and sees the rows of all tenants. */
  readonly migrationUrl: string;
  /** The superuser, in the same database: for looking at the catalog or cutting connections. */
  readonly adminUrl: string;
  /** A numbered Redis database of this Jest worker's own, empty. */
  readonly redisUrl: string;
  /** Breaks what is still connected and removes the database. */
  drop(): Promise<void>;
}

/**
 * A migrated database of its own for a test file, copied from the template that global-setup.mjs made.
 *
 * Call it in `beforeAll`, and before anything reads the configuration; `drop()` in `afterAll`, after the app has closed.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const worker = Number(required('JEST_WORKER_ID'));
  const name = `test_w${worker}_${randomBytes(6).toString('hex')}`;
  const appUrl = required('TEST_DATABASE_URL');
  await asAdmin(async (admin) => {
    await copyTemplate(admin, name);
    if (process.env.TEST_SETTINGS === 'turned-round') await turnSettingsRound(admin, name, new URL(appUrl).username);
  });

  // database 0 is left to whoever looks around by hand
  const redisUrl = withPath(required('TEST_REDIS_URL'), String(worker));
  const redis = new Redis(redisUrl);
  await redis.flushdb();
  await redis.quit();

  return {
    databaseUrl: withPath(appUrl, name),
    directUrl: process.env.TEST_DATABASE_DIRECT_URL && withPath(process.env.TEST_DATABASE_DIRECT_URL, name),
    migrationUrl: withPath(required('TEST_DATABASE_MIGRATION_URL'), name),
    adminUrl: withPath(required('TEST_POSTGRES_ADMIN_URL'), name),
    redisUrl,
    drop: () =>
      asAdmin(async (admin) => {
        await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

/** Variables of the application that follow from the database, and from how the whole run is done (scripts/checks/runs.mjs). */
export function databaseEnvironment({ databaseUrl, directUrl, redisUrl }: TestDatabase): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    ...(directUrl === undefined ? {} : { DATABASE_DIRECT_URL: directUrl }),
    ...(process.env.TEST_POOL_SIZE ? { DATABASE_POOL_SIZE: process.env.TEST_POOL_SIZE } : {}),
    REDIS_URL: redisUrl,
  };
}

/** A copy has the template's contents but not its owner, its grants and its settings, which PostgreSQL keeps outside. */
async function copyTemplate(admin: Client, name: string): Promise<void> {
  const template = new URL(required('TEST_DATABASE_URL')).pathname.slice(1);
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  await admin.query(
    `UPDATE pg_database AS copy SET datdba = original.datdba, datacl = original.datacl
       FROM pg_database AS original WHERE copy.datname = $1 AND original.datname = $2`,
    [name, template],
  );
  await admin.query(
    `INSERT INTO pg_db_role_setting (setdatabase, setrole, setconfig)
     SELECT copy.oid, setrole, setconfig
       FROM pg_db_role_setting JOIN pg_database AS original ON original.oid = setdatabase, pg_database AS copy
      WHERE copy.datname = $1 AND original.datname = $2`,
    [name, template],
  );
}

async function asAdmin(work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = new Client({ connectionString: required('TEST_POSTGRES_ADMIN_URL') });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function withPath(url: string, path: string): string {
  const changed = new URL(url);
  changed.pathname = `/${path}`;
  return changed.href;
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: only the jest project "integration" starts the servers.`);
  return value;
}
