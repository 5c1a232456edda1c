import { Client } from 'pg';
import { daybook } from '../../src/app';
import { type TestApp, startTestApp } from '../support/app';
import { debianPostgresql } from '../support/debian-postgresql';
import { describeUnless } from '../support/leave-out';
import { createLedger, posting } from '../support/ledger';
import { type OwnPostgres, startOwnPostgres } from '../support/own-servers';

const LONE_POSTINGS = 40;

const missing =
  debianPostgresql === undefined ? 'there is no PostgreSQL with JIT (Debian: apt-get install postgresql)' : undefined;

describeUnless(missing, 'a server that compiles whatever it may', () => {
  let elsewhere: number;
  let postgres: OwnPostgres;
  let app: TestApp;
  let admin: Client;

  beforeAll(async () => {
    const { TEST_POSTGRES_ADMIN_URL, TEST_DATABASE_URL, TEST_DATABASE_MIGRATION_URL, POSTGRES_PROGRAMS } = process.env;
    app = await startTestApp();
    elsewhere = await lonePosting(app);
    await app.close();
    process.env.POSTGRES_PROGRAMS = debianPostgresql;
    postgres = await startOwnPostgres();
    admin = new Client({ connectionString: process.env.TEST_POSTGRES_ADMIN_URL });
    await admin.connect();
    for (const [name, value] of [
      ['session_preload_libraries', 'auto_explain'],
      ['log_line_prefix', '@%a@ '],
      ['jit', 'on'],
      // less than anything costs that reads a table
      ...['jit_above_cost', 'jit_inline_above_cost', 'jit_optimize_above_cost'].map((name) => [name, '1']),
    ])
      await admin.query(`ALTER SYSTEM SET ${name ?? ''} = '${value ?? ''}'`);
    await admin.query('SELECT pg_reload_conf()');
    app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '100' }, undefined, daybook.workerModule);
    await admin.end();
    admin = new Client({ connectionString: app.database.adminUrl });
    await admin.connect();
    Object.assign(process.env, { TEST_POSTGRES_ADMIN_URL, TEST_DATABASE_URL, TEST_DATABASE_MIGRATION_URL });
    if (POSTGRES_PROGRAMS === undefined) delete process.env.POSTGRES_PROGRAMS;
    else process.env.POSTGRES_PROGRAMS = POSTGRES_PROGRAMS;
  }, 120_000);
  afterAll(async () => {
    await admin.end();
    await app.close();
    await postgres.remove();
  });

  /** One after the other; the first ones make the plans. @returns median, in milliseconds */
  async function lonePosting(where: TestApp): Promise<number> {
    const owner = await where.createTenantWithOwner();
    const ledger = await createLedger(where, owner.token);
    const times: number[] = [];
    for (let i = 0; i < LONE_POSTINGS; i += 1) {
      const begun = performance.now();
      const { status } = await where.request('POST', `${ledger.path}/transactions`, {
        token: owner.token,
        body: posting('100'),
      });
      times.push(performance.now() - begun);
      expect(status).toBe(201);
    }
    return times.sort((a, b) => a - b)[LONE_POSTINGS / 2] ?? 0;
  }

  it('a lone posting takes as long as elsewhere: compiled, it took ten times as long', async () => {
    const ratio = (await lonePosting(app)) / elsewhere;
    expect(ratio).toBeLessThan(4);
  }, 60_000);

  it('it compiles what others send, and no statement of ours', async () => {
    // from here on the plans of all are in its log, those of triggers too
    for (const [name, value] of [
      ['auto_explain.log_min_duration', '0'],
      ['auto_explain.log_analyze', 'on'],
      ['auto_explain.log_nested_statements', 'on'],
    ])
      await admin.query(`ALTER SYSTEM SET ${name ?? ''} = '${value ?? ''}'`);
    await admin.query('SELECT pg_reload_conf()');
    await lonePosting(app);
    const entries = (await postgres.log()).split(/^@/m);
    const ours = entries.filter((entry) => entry.startsWith('daybook')).join('');
    expect(ours).toContain('INSERT INTO entries');
    expect(ours).toContain('check_balance_explained');
    expect(ours).not.toMatch(/^\s*JIT:/m);
    // a plan that cannot do without what is switched off is one that somebody's server would compile
    expect(ours).not.toMatch(/cost=\d{10,}/);

    await admin.query('SELECT count(*) FROM pg_class');
    expect(await postgres.log()).toMatch(/^\s*JIT:/m);
  }, 60_000);
});
