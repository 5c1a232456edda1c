import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { daybook } from '../../src/app';
import { loadConfig } from '../../src/config/config';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { migrate } from '../../src/platform/database/migrate';
import { type AppProcess, startAppProcess } from '../support/app-process';
import { asSuperuser } from '../support/worker';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { until } from '../../src/testing/until';

/** Processes and schemas of different ages. */
describe('a process starts on a schema that is not its own', () => {
  let database: TestDatabase;
  let environment: Record<string, string>;
  let application: AppProcess | undefined;

  beforeEach(async () => {
    database = await createTestDatabase();
    environment = {
      NODE_ENV: 'test',
      DATABASE_URL: database.databaseUrl,
      DATABASE_MIGRATION_URL: database.migrationUrl,
      REDIS_URL: database.redisUrl,
    };
  });

  afterEach(async () => {
    await application?.kill();
    application = undefined;
    await database.drop();
  });

  const options = () => dataSourceOptions(loadConfig({ ...process.env, ...environment }), daybook.features, 'migrator');

  /** As it is before anything was migrated. */
  async function empty(): Promise<void> {
    const client = new Client({ connectionString: database.adminUrl });
    await client.connect();
    await client.query(`
      DROP SCHEMA public CASCADE; DROP SCHEMA daybook_system CASCADE;
      CREATE SCHEMA public AUTHORIZATION daybook_owner;
      GRANT USAGE ON SCHEMA public TO daybook_app, daybook_readonly, daybook_system;
      CREATE SCHEMA daybook_system AUTHORIZATION daybook_system;
      GRANT USAGE ON SCHEMA daybook_system TO daybook_app;
      GRANT USAGE, CREATE ON SCHEMA daybook_system TO daybook_owner;
      ALTER DEFAULT PRIVILEGES FOR ROLE daybook_migrator IN SCHEMA public GRANT SELECT ON TABLES TO daybook_system;`);
    await client.end();
  }

  const ready = async () => {
    const answer = await fetch(`${application?.url ?? ''}/health/ready`);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  it.each(['main', 'worker'])(
    'without any: %s says in one sentence what to do, and ends with 1',
    async (entry) => {
      await empty();
      const child = spawn(process.execPath, ['-r', '@swc-node/register', `src/${entry}.ts`], {
        cwd: join(__dirname, '../..'),
        env: { ...process.env, ...environment, LOG_LEVEL: 'silent', PORT: '0', WORKER_PORT: '0' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said = text(child.stderr);
      const [code] = (await once(child, 'exit')) as [number];
      expect(code).toBe(1);
      expect((await said).trim()).toBe(
        'The database has no schema yet. Run `node dist/cli.js migrate`, then start again.',
      );
    },
    60_000,
  );

  it('an older one: not ready, says what is missing, and becomes ready when it is migrated', async () => {
    await empty();
    const older = await new DataSource({
      ...options(),
      migrations: daybook.features.migrations.slice(0, -1),
    }).initialize();
    await older.runMigrations();
    await older.query('GRANT SELECT ON schema_migrations TO daybook_app');
    await older.destroy();
    application = await startAppProcess({ ...environment, LOG_LEVEL: 'silent' });
    const { status, body } = await ready();
    expect([status, body.code]).toEqual([503, 'unavailable']);
    expect(body.detail).toContain('run `cli.js migrate`');
    expect(body.detail).toContain(`Missing: ${daybook.features.migrations.at(-1)?.name ?? ''}.`);
    expect(await migrate(options())).toEqual([daybook.features.migrations.at(-1)?.name]);
    await until('it is ready', async () => (await ready()).status === 200);
  }, 90_000);

  it('one of a release that did not let it look: not ready until it is migrated', async () => {
    await asSuperuser(database, 'REVOKE SELECT ON schema_migrations FROM daybook_app');
    application = await startAppProcess(environment);
    expect((await ready()).status).toBe(503);
    await migrate(options());
    await until('it is ready', async () => (await ready()).status === 200);
  }, 90_000);

  it('a newer one: ready', async () => {
    await asSuperuser(
      database,
      `INSERT INTO schema_migrations (timestamp, name) VALUES (9999999999999, 'Newer9999999999999')`,
    );
    application = await startAppProcess(environment);
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ok' } });
  }, 60_000);
});
