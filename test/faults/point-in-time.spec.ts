import { chown, readdir, rm, stat } from 'node:fs/promises';
import { Client } from 'pg';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { type BaseBackup, takeBaseBackup } from '../support/base-backup';
import { createLedger, faultsInBooks, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { newFolder, type OwnPostgres, startOwnPostgres } from '../support/own-servers';
import { PostingLoad, postOnce } from '../support/posting-load';
import { runCli } from '../support/run-script';
import { throughPort } from '../support/line';
import { until } from '../../src/testing/until';

const CLIENTS = 4;

/** As `docs/guides/operator.md` recommends: base backup and an archive of the WAL. */
describe('restore from a base backup and WAL to a moment', () => {
  let primary: OwnPostgres;
  let archive: string;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  let backup: BaseBackup;
  /** By PostgreSQL's clock, in the middle of the load. */
  let moment: string;
  let load: PostingLoad;
  /** Of the load: what was answered before the moment was asked for, and what had been asked for when it was known. */
  let answeredBefore: ReadonlySet<string>;
  let answeredAfter: ReadonlyMap<string, unknown>;

  beforeAll(async () => {
    primary = await startOwnPostgres();
    archive = await newFolder();
    const adminUrl = process.env.TEST_POSTGRES_ADMIN_URL ?? '';
    const data = await value(adminUrl, 'SHOW data_directory');
    const { uid, gid } = await stat(data);
    await chown(archive, uid, gid);
    await query(adminUrl, 'ALTER SYSTEM SET archive_mode = on');
    await query(adminUrl, `ALTER SYSTEM SET archive_command = 'test ! -f ${archive}/%f && cp %p ${archive}/%f'`);
    await primary.crash();
    await primary.start();
    app = await startTestApp();
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
    backup = await takeBaseBackup(adminUrl);

    load = new PostingLoad('restore', () => ({ url: app.url, token: owner.token, path: ledger.path }), CLIENTS);
    const progress = (more: number, from = load.acknowledged.size) =>
      until('postings go through', () => load.acknowledged.size >= from + more, 20_000);
    await progress(100);
    answeredBefore = new Set(load.acknowledged.keys());
    moment = await value(adminUrl, 'SELECT clock_timestamp()::text');
    await progress(CLIENTS);
    const known = new Set(load.acknowledged.keys());
    await progress(100);
    await load.stop();
    // each client had at most one posting under way at the moment; what it asked after that was later
    answeredAfter = new Map([...load.acknowledged].filter(([key]) => !known.has(key)));
    // the end of the log goes to the archive, and the server is lost
    const file = await value(adminUrl, 'SELECT pg_walfile_name(pg_switch_wal())');
    await until('the log is archived', async () => (await readdir(archive)).includes(file), 20_000);
    await app.close();
    await primary.crash();
  }, 120_000);

  afterAll(async () => {
    await backup.remove();
    await primary.remove();
    await rm(archive, { recursive: true, force: true });
  }, 60_000);

  it('REL-09 REL-12 REL-13 what was acknowledged before it is there, nothing after it is, and the books are proven', async () => {
    await backup.configure({
      restore_command: `cp ${archive}/%f %p`,
      recovery_target_time: moment,
      recovery_target_action: 'promote',
      archive_mode: 'off',
    });
    await backup.signal('recovery.signal');
    const begun = performance.now();
    const { port } = await backup.start();
    const adminUrl = throughPort(app.database.adminUrl, port);
    await until(
      'it takes writes',
      async () => (await value(adminUrl, 'SELECT pg_is_in_recovery()::text')) === 'false',
      30_000,
    );
    const restoredAfter = performance.now() - begun;

    const restored = { sql: <Row>(text: string, values?: unknown[]) => query<Row>(adminUrl, text, values) };
    const rows = await restored.sql<{ reference: string; created_at: Date }>(
      'SELECT reference, created_at FROM transactions',
    );
    const there = new Set(rows.map(({ reference }) => reference));
    expect([...answeredBefore].filter((key) => !there.has(key))).toEqual([]);
    expect([...answeredAfter.keys()].filter((key) => there.has(key))).toEqual([]);
    expect([await faultsInBooks(restored), await faultsInChains(restored)]).toEqual([[], []]);

    const urls = {
      DATABASE_URL: throughPort(app.database.databaseUrl, port),
      DATABASE_MIGRATION_URL: throughPort(app.database.migrationUrl, port),
    };
    expect(await runCli(['verify'], urls)).toMatchObject({ code: 0 });
    expect(await runCli(['audit'], urls)).toMatchObject({ code: 0 });

    const last = Math.max(...rows.map(({ created_at }) => created_at.getTime()));
    process.stderr.write(
      `restored to a moment: ${there.size} of ${load.acknowledged.size} postings, the last one ` +
        `${new Date(moment).getTime() - last} ms before it (RPO), serving after ${Math.round(restoredAfter)} ms (RTO)\n`,
    );
  }, 90_000);

  it('REL-05 clients repeat with their keys what they were promised after it, and all of it is there once', async () => {
    const port = Number(new URL((await backup.start()).adminUrl).port);
    const again = await startTestApp(
      { DATABASE_URL: throughPort(app.database.databaseUrl, port) },
      {
        ...app,
        database: {
          ...app.database,
          migrationUrl: throughPort(app.database.migrationUrl, port),
        },
      },
    );
    try {
      const signedIn = await again.request('POST', '/v1/auth/sign-in', {
        body: { email: owner.email, password: owner.password },
      });
      const { accessToken: token } = signedIn.body as { accessToken: string };
      for (const key of load.acknowledged.keys())
        expect([key, (await postOnce({ url: again.url, token, path: ledger.path }, key)).status]).toEqual([key, 201]);
      expect(await again.sql('SELECT count(*)::int AS count FROM transactions')).toEqual([
        { count: load.acknowledged.size },
      ]);
      expect([await faultsInBooks(again), await faultsInChains(again)]).toEqual([[], []]);
    } finally {
      await again.close();
    }
  }, 60_000);
});

async function query<Row>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** Of the first column of the only row. */
async function value(url: string, text: string): Promise<string> {
  const [row] = await query<Record<string, string>>(url, text);
  return Object.values(row ?? {})[0] ?? '';
}
