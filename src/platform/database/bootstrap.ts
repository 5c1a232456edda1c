import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import { type Config } from '../../config/config';
import { DatabaseClient } from './database-client';
import { errorCode } from './database-errors';
import { checkServerVersion, SERVER_VERSION } from './supported-versions';

/** Which roles may log in. None is a superuser, makes roles or databases, or replicates. */
const ROLES: readonly { readonly name: string; readonly login?: boolean }[] = [
  { name: 'daybook_owner', login: false },
  { name: 'daybook_system', login: false },
  { name: 'daybook_migrator', login: true },
  { name: 'daybook_app', login: true },
  // its login is the operator's to give
  { name: 'daybook_readonly' },
];

/** Whose rights the rest of the work needs. */
const ACTED_FOR = ['daybook_owner', 'daybook_system', 'daybook_migrator'];

/**
 * Makes the roles and the database, once per server. Safe to run again. Passwords and the database's name come from
 * DATABASE_URL and DATABASE_MIGRATION_URL.
 *
 * A superuser may do it, or, where nobody is one (managed servers), a role with CREATEROLE and CREATEDB: it lends itself
 * the rights of the roles that it made, and gives them back.
 */
export async function bootstrapDatabase(config: Config): Promise<void> {
  const { url, migrationUrl, adminUrl } = config.database;
  if (!adminUrl)
    throw new Error(
      'bootstrap needs DATABASE_ADMIN_URL, a superuser of the server or a role with CREATEROLE and CREATEDB',
    );
  if (!migrationUrl)
    throw new Error('bootstrap needs DATABASE_MIGRATION_URL, where daybook_migrator gets its password from');
  const app = new URL(url);
  const migrator = new URL(migrationUrl);
  const database = decodeURIComponent(app.pathname.slice(1));
  expectUser(app, 'DATABASE_URL', 'daybook_app');
  expectUser(migrator, 'DATABASE_MIGRATION_URL', 'daybook_migrator');

  await withClient(adminUrl, async (client) => {
    await assertMayBootstrap(client);
    for (const { name, login } of ROLES) await makeRole(client, name, login);
    for (const [role, { password }] of [['daybook_app', app] as const, ['daybook_migrator', migrator] as const])
      await client.query(`ALTER ROLE ${role} PASSWORD ${escapeLiteral(decodeURIComponent(password))}`);
    await client.query('GRANT daybook_owner, daybook_system TO daybook_migrator');
    await letDump(client);
    await actingFor(client, ACTED_FOR, async () => {
      await makeDatabase(client, database);
      const inDatabase = new URL(adminUrl);
      inDatabase.pathname = app.pathname;
      await withClient(inDatabase.href, (there) => divideRights(there, database));
    });
  });
}

function expectUser(url: URL, variable: string, role: string): void {
  if (url.username !== role) throw new Error(`${variable} must name the role ${role}, not ${url.username || 'nobody'}`);
}

async function assertMayBootstrap(client: Client): Promise<void> {
  const server = await client.query<{ version: number }>(SERVER_VERSION);
  checkServerVersion(server.rows[0]?.version ?? 0);
  const { rows } = await client.query<{ name: string; enough: boolean }>(
    'SELECT rolname AS name, rolsuper OR (rolcreaterole AND rolcreatedb) AS enough FROM pg_roles WHERE rolname = current_user',
  );
  if (!rows[0]?.enough)
    throw new Error(`the role ${rows[0]?.name ?? '?'} of DATABASE_ADMIN_URL must have CREATEROLE and CREATEDB`);
}

/** @param login undefined: as it is */
async function makeRole(client: Client, name: string, login: boolean | undefined): Promise<void> {
  await client.query(
    `DO $$ BEGIN CREATE ROLE ${name} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
  );
  if (login !== undefined) await client.query(`ALTER ROLE ${name} ${login ? 'LOGIN' : 'NOLOGIN'}`);
  const { rows } = await client.query<{ attribute: string }>(
    `SELECT attribute FROM pg_roles, LATERAL (VALUES ('SUPERUSER', rolsuper), ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb), ('REPLICATION', rolreplication),
            ('BYPASSRLS', rolbypassrls AND rolname NOT IN ('daybook_system', 'daybook_migrator'))) AS has (attribute, it)
      WHERE rolname = $1 AND it`,
    [name],
  );
  // one by one and only those that it has: even to take away what is not there needs the right to give it
  for (const { attribute } of rows) await client.query(`ALTER ROLE ${name} NO${attribute}`);
}

/** Policies show daybook_migrator every row; this lets pg_dump do without --enable-row-security. Not everybody may give it. */
async function letDump(client: Client): Promise<void> {
  await client.query('ALTER ROLE daybook_migrator BYPASSRLS').catch((error: unknown) => {
    if (errorCode(error) !== '42501') throw error;
  });
}

async function actingFor(client: Client, roles: readonly string[], work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name WHERE NOT pg_has_role(current_user, name, 'USAGE')`,
    [roles],
  );
  const lent = rows.map(({ name }) => name).join(', ');
  if (lent) await client.query(`GRANT ${lent} TO CURRENT_USER`);
  try {
    await work();
  } finally {
    if (lent) await client.query(`REVOKE ${lent} FROM CURRENT_USER`);
  }
}

async function makeDatabase(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ owner: string }>(
    'SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1',
    [name],
  );
  const database = escapeIdentifier(name);
  if (!rows[0]) await client.query(`CREATE DATABASE ${database} OWNER daybook_owner`);
  else if (rows[0].owner !== 'daybook_owner') await client.query(`ALTER DATABASE ${database} OWNER TO daybook_owner`);
}

async function divideRights(client: Client, database: string): Promise<void> {
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
