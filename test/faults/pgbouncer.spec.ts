import { existsSync } from 'node:fs';
import { daybook } from '../../src/app';
import { loadConfig } from '../../src/config/config';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { migrate } from '../../src/platform/database/migrate';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { createLedger, faultsInBooks, posting } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { describeUnless } from '../support/leave-out';
import { type OwnPgBouncer, startOwnPgBouncer } from '../support/own-servers';
import { until } from '../../src/testing/until';

const missing = existsSync('/usr/sbin/pgbouncer') ? undefined : 'PgBouncer is not installed (Debian: pgbouncer)';

/** More than the pooler has connections, so that transactions change places all the time. */
const CLIENTS = 40;

describeUnless(missing, 'behind PgBouncer', () => {
  let database: TestDatabase;
  let pooler: OwnPgBouncer;
  const apps: TestApp[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    pooler = await startOwnPgBouncer(database.databaseUrl, 'transaction', 3);
  });
  afterEach(async () => {
    for (const app of apps.splice(0).reverse()) await app.close();
    delete process.env.DATABASE_DIRECT_URL;
  });
  afterAll(async () => {
    await pooler.remove();
    await database.drop();
  });

  async function start(
    environment: Record<string, string>,
    root?: Parameters<typeof startTestApp>[2],
  ): Promise<TestApp> {
    const beside = apps[0] ?? ({ database, logs: { lines: [] as string[] } } as unknown as TestApp);
    const app = await startTestApp(environment, beside, root);
    apps.push(app);
    return app;
  }
  const through = (url: string, direct?: string) => ({
    DATABASE_URL: url,
    ...(direct === undefined ? {} : { DATABASE_DIRECT_URL: direct }),
  });
  const post = (app: TestApp, { token }: TestTenant, path: string, reference: string) =>
    app.request('POST', `${path}/transactions`, { token, body: posting('1.00', { reference }) });

  it('bursts of postings on two processes, and jobs, are done as they are without it', async () => {
    const environment = { ...through(pooler.url, database.databaseUrl), JOBS_SWEEP_INTERVAL_MS: '200' };
    const [one, other] = [await start(environment, daybook.workerModule), await start(environment)];
    const owner = await one.createTenantWithOwner();
    const ledgers = await Promise.all(['A', 'B', 'C'].map((name) => createLedger(one, owner.token, name)));
    for (let burst = 0; burst < 4; burst += 1) {
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, (_, n) =>
          post(n % 2 ? one : other, owner, ledgers[n % 3]?.path ?? '', `burst-${burst}-${n}`),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    }
    const job = await one.request('POST', '/v1/jobs', {
      token: owner.token,
      body: { kind: 'ledger.verify', payload: {} },
    });
    expect(job.status).toBe(202);
    const path = `/v1/jobs/${(job.body as { id: string }).id}`;
    await until('the job is done', async () => {
      const { body } = await other.request('GET', path, { token: owner.token });
      return (body as { state: string }).state === 'succeeded';
    });
    expect(await one.sql('SELECT count(*)::int AS count FROM transactions')).toEqual([{ count: 4 * CLIENTS }]);
    expect([await faultsInBooks(one), await faultsInChains(one)]).toEqual([[], []]);
  }, 60_000);

  it.each([
    ['is heard through DATABASE_DIRECT_URL', true],
    ['holds without it, as nothing is remembered', false],
  ])('AUTH-16 a sign-out in another process %s', async (_, direct) => {
    const environment = through(pooler.url, direct ? database.databaseUrl : undefined);
    const [one, other] = [await start(environment), await start(environment)];
    for (let round = 0; round < 5; round += 1) {
      const { token } = await one.createTenantWithOwner();
      const me = async () => (await one.request('GET', '/v1/me', { token })).status;
      expect(await me()).toBe(200);
      expect((await other.request('POST', '/v1/auth/sign-out', { token })).status).toBe(204);
      await until('it is refused', async () => (await me()) === 401, direct ? 1_000 : 1);
    }
    expect(one.logs.text().includes('nothing is remembered of credentials')).toBe(!direct);
  });

  it('by session, it is as if it were not there', async () => {
    const sessions = await startOwnPgBouncer(database.databaseUrl, 'session', 20);
    try {
      const app = await start(through(sessions.url));
      const owner = await app.createTenantWithOwner();
      const { path } = await createLedger(app, owner.token);
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, (_, n) => post(app, owner, path, `session-${n}`)),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(app.logs.text()).not.toContain('goes through a pooler');
      await apps.pop()?.close();
    } finally {
      await sessions.remove();
    }
  });

  it('by statement, where no transaction is possible, it refuses to start and says why', async () => {
    const statements = await startOwnPgBouncer(database.databaseUrl, 'statement');
    try {
      await expect(start(through(statements.url))).rejects.toThrow(/pooler that allows no transactions.*Poolers/s);
    } finally {
      await statements.remove();
    }
  });

  it('migrations refuse to go through it, as their lock would stay behind', async () => {
    const migrator = await startOwnPgBouncer(database.migrationUrl);
    try {
      Object.assign(process.env, { DATABASE_URL: database.databaseUrl, DATABASE_MIGRATION_URL: migrator.url });
      await expect(migrate(dataSourceOptions(loadConfig(), daybook.features, 'migrator'))).rejects.toThrow(
        /DATABASE_MIGRATION_URL goes through a pooler/,
      );
    } finally {
      delete process.env.DATABASE_MIGRATION_URL;
      await migrator.remove();
    }
  });
});
