import { Client } from 'pg';
import { DatabaseClient, SETTINGS } from '../../src/platform/database/database-client';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { runCli } from '../support/run-script';
import { TURNED_ROUND, turnSettingsRound } from '../../src/testing/server-settings';

/** How the e2e suite fares on such a server is a run of its own: scripts/checks/runs.mjs. */
describe('a server with each setting turned round that we depend on', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    const admin = new Client({ connectionString: database.adminUrl });
    await admin.connect();
    await turnSettingsRound(admin, new URL(database.databaseUrl).pathname.slice(1));
    await admin.end();
  });
  afterAll(() => database.drop());

  async function settingsOf(client: Client): Promise<Record<string, string>> {
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string; setting: string }>(
        'SELECT lower(name) AS name, setting FROM pg_catalog.pg_settings WHERE lower(name) = ANY ($1)',
        [SETTINGS.map(([name]) => name)],
      );
      return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    } finally {
      await client.end();
    }
  }

  it('is turned round in all of them, and our connections are as we want them', async () => {
    expect(Object.keys(TURNED_ROUND).sort()).toEqual([...SETTINGS.map(([name]) => name), 'synchronous_commit'].sort());
    const theirs = await settingsOf(new Client({ connectionString: database.databaseUrl }));
    const ours = await settingsOf(new DatabaseClient({ connectionString: database.databaseUrl }));
    const wanted = Object.fromEntries(SETTINGS.filter(([name]) => name in theirs));
    expect(ours).toEqual(wanted);
    for (const [name, value] of Object.entries(wanted)) expect([name, theirs[name]]).not.toEqual([name, value]);
  });

  it('acknowledges nothing that is not written', async () => {
    const client: Client = new DatabaseClient({ connectionString: database.databaseUrl });
    await client.connect();
    expect((await client.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'on' }]);
    await client.end();
  });

  it.each([
    ['migrate', 0, 'nothing to migrate'],
    // the one setting that somebody could have made to see more than they may
    ['audit', 1, 'sets row_security=off for every connection'],
    ['verify', 0, ''],
  ])('the command %s works there', async (command, status, said) => {
    const { code, stdout } = await runCli([command], {
      DATABASE_URL: database.databaseUrl,
      DATABASE_MIGRATION_URL: database.migrationUrl,
      REDIS_URL: database.redisUrl,
    });
    expect([code, stdout]).toEqual([status, expect.stringContaining(said)]);
  });
});
