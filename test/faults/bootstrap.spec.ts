import { Client } from 'pg';
import { daybook } from '../../src/app';
import { type TestApp, startTestApp } from '../support/app';
import { createLedger, posting } from '../support/ledger';
import { type OwnPostgres, startOwnPostgres } from '../support/own-servers';
import { runCli } from '../support/run-script';
import { until } from '../../src/testing/until';

/** Managed servers (RDS, Cloud SQL, Azure) give nobody a superuser. */
describe('TEN-01 a server that was set up by a role with CREATEROLE and CREATEDB', () => {
  let postgres: OwnPostgres;
  let app: TestApp;
  let admin: Client;
  let managedUrl = '';

  beforeAll(async () => {
    const bootstrapAs = async (superuserUrl: string) => {
      const superuser = new Client({ connectionString: superuserUrl });
      await superuser.connect();
      await superuser.query(`CREATE ROLE managed_admin LOGIN PASSWORD 'managed' CREATEROLE CREATEDB`);
      await superuser.end();
      const url = new URL(superuserUrl);
      [url.username, url.password] = ['managed_admin', 'managed'];
      managedUrl = url.href;
      return managedUrl;
    };
    postgres = await startOwnPostgres({ bootstrapAs });
    app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '100' }, undefined, daybook.workerModule);
    admin = new Client({ connectionString: app.database.adminUrl });
    await admin.connect();
  }, 120_000);
  afterAll(async () => {
    await admin.end();
    await app.close();
    await postgres.remove();
  });

  it('no role of ours bypasses row-level security, and the one that set it up has kept nothing', async () => {
    const { rows } = await admin.query(
      `SELECT rolname FROM pg_roles WHERE rolname ~ '^daybook_' AND (rolbypassrls OR rolsuper OR rolcreaterole OR rolcreatedb)`,
    );
    expect(rows).toEqual([]);
    const kept = await admin.query(
      `SELECT rolname FROM pg_roles WHERE rolname ~ '^daybook_' AND pg_has_role('managed_admin', oid, 'USAGE')`,
    );
    expect(kept.rows).toEqual([]);
  });

  it('posts, keeps tenants apart, runs jobs across them, and passes the audit', async () => {
    const owner = await app.createTenantWithOwner();
    const other = await app.createTenantWithOwner();
    const ledger = await createLedger(app, owner.token);
    const posted = await app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('100'),
    });
    expect(posted.status).toBe(201);
    expect((await app.request('GET', ledger.path, { token: other.token })).status).toBe(404);

    const asked = await app.request('POST', `${ledger.path}/verifications`, { token: owner.token });
    expect(asked.status).toBe(202);
    const found = await until(
      'the ledger has been verified',
      async () =>
        (await app.request('GET', `${ledger.path}/verifications`, { token: owner.token })).body.items[0] as object,
      30_000,
    );
    expect(found).toMatchObject({ findings: [] });
    const url = { DATABASE_URL: app.database.databaseUrl, REDIS_URL: app.database.redisUrl };
    expect(await runCli(['audit'], url)).toMatchObject({ code: 0, stdout: 'nothing found\n' });
    expect(await runCli(['verify'], url)).toMatchObject({ code: 0, stdout: expect.stringContaining(' 0 findings') });
    expect(await runCli(['migrate'], { ...url, DATABASE_MIGRATION_URL: app.database.migrationUrl })).toMatchObject({
      code: 0,
      stdout: 'nothing to migrate\n',
    });
  }, 60_000);

  it('may run again, also over a database that somebody else has made, and says what a role lacks', async () => {
    const name = 'made_by_hand';
    const managed = new Client({ connectionString: managedUrl });
    await managed.connect();
    await managed.query(`CREATE DATABASE ${name}`);
    await managed.end();
    const named = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href;
    const env = {
      DATABASE_ADMIN_URL: managedUrl,
      DATABASE_URL: named(process.env.TEST_DATABASE_URL ?? ''),
      DATABASE_MIGRATION_URL: named(process.env.TEST_DATABASE_MIGRATION_URL ?? ''),
      REDIS_URL: app.database.redisUrl,
    };
    for (const command of ['bootstrap', 'bootstrap', 'migrate', 'audit'])
      expect([command, await runCli([command], env)]).toEqual([command, expect.objectContaining({ code: 0 })]);

    await admin.query('ALTER ROLE managed_admin NOCREATEDB');
    const { code, stderr } = await runCli(['bootstrap'], env);
    expect([code, stderr]).toEqual([
      1,
      'bootstrap: the role managed_admin of DATABASE_ADMIN_URL must have CREATEROLE and CREATEDB\n',
    ]);
  }, 60_000);
});
