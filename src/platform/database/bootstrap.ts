import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import { type Config } from '../../config/config';
import { DatabaseClient } from './database-client';

/**
 * Makes the roles and the database, once per server, as its superuser. Safe to run again.
 * Passwords and the database's name come from DATABASE_URL and DATABASE_MIGRATION_URL.
 */
export async function bootstrapDatabase(config: Config): Promise<void> {
  const { url, migrationUrl, adminUrl } = config.database;
  if (!adminUrl) throw new Error('bootstrap needs DATABASE_ADMIN_URL, a superuser of the server');
  if (!migrationUrl)
    throw new Error('bootstrap needs DATABASE_MIGRATION_URL, where daybook_migrator gets its password from');
  const app = new URL(url);
  const migrator = new URL(migrationUrl);
  const database = decodeURIComponent(app.pathname.slice(1));
  expectUser(app, 'DATABASE_URL', 'daybook_app');
  expectUser(migrator, 'DATABASE_MIGRATION_URL', 'daybook_migrator');

  const login = (role: string, source: URL, extra = '') =>
    `ALTER ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE ${extra} PASSWORD ${escapeLiteral(decodeURIComponent(source.password))}`;
  await withClient(adminUrl, async (client) => {
    for (const role of ['daybook_owner', 'daybook_system', 'daybook_migrator', 'daybook_app', 'daybook_readonly'])
      await client.query(
        `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
      );
    await client.query('ALTER ROLE daybook_owner NOLOGIN NOSUPERUSER NOBYPASSRLS');
    await client.query('ALTER ROLE daybook_system NOLOGIN NOSUPERUSER BYPASSRLS');
    await client.query('ALTER ROLE daybook_readonly NOSUPERUSER NOBYPASSRLS');
    await client.query(login('daybook_app', app, 'NOBYPASSRLS'));
    await client.query(login('daybook_migrator', migrator, 'BYPASSRLS'));
    await client.query('GRANT daybook_owner, daybook_system TO daybook_migrator');
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${escapeIdentifier(database)} OWNER daybook_owner`);
  });
  const inDatabase = new URL(adminUrl);
  inDatabase.pathname = app.pathname;
  await withClient(inDatabase.href, async (client) => {
    await client.query(`
      REVOKE ALL ON DATABASE ${escapeIdentifier(database)} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${escapeIdentifier(database)} TO daybook_app, daybook_migrator, daybook_readonly;
      ALTER SCHEMA public OWNER TO daybook_owner;
      REVOKE ALL ON SCHEMA public FROM PUBLIC;
      GRANT USAGE ON SCHEMA public TO daybook_app, daybook_readonly;
      CREATE SCHEMA IF NOT EXISTS daybook_system AUTHORIZATION daybook_system;
      GRANT USAGE ON SCHEMA daybook_system TO daybook_app;
      GRANT USAGE, CREATE ON SCHEMA daybook_system TO daybook_owner;
      GRANT USAGE ON SCHEMA public TO daybook_system;
      -- what daybook_migrator makes belongs to daybook_owner after each migration; system functions read it
      ALTER DEFAULT PRIVILEGES FOR ROLE daybook_migrator IN SCHEMA public GRANT SELECT ON TABLES TO daybook_system;`);
  });
}

function expectUser(url: URL, variable: string, role: string): void {
  if (url.username !== role) throw new Error(`${variable} must name the role ${role}, not ${url.username || 'nobody'}`);
}

async function withClient(connectionString: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client: Client = new DatabaseClient({ connectionString, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
