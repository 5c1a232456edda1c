import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';

/** The ground that every integration test stands on. */
describe('createTestDatabase', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database.drop();
  });

  async function one<Row extends object>(url: string, sql: string): Promise<Row> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query<Row>(sql);
      return rows[0] as Row;
    } finally {
      await client.end();
    }
  }

  it('signs the application in as a role that cannot bypass row-level security', async () => {
    const role = await one(
      database.databaseUrl,
      'SELECT rolname AS name, rolsuper AS super, rolbypassrls AS bypass FROM pg_roles WHERE rolname = current_user',
    );
    expect(role).toEqual({ name: 'daybook_app', super: false, bypass: false });
  });

  it('signs migrations in as a role that sees all tenants but is no superuser', async () => {
    const role = await one(
      database.migrationUrl,
      'SELECT rolname AS name, rolsuper AS super, rolbypassrls AS bypass FROM pg_roles WHERE rolname = current_user',
    );
    expect(role).toEqual({ name: 'daybook_migrator', super: false, bypass: true });
  });

  it("copies the template's owner, grants and settings, which PostgreSQL itself does not", async () => {
    const facts = (name: string) =>
      `SELECT pg_get_userbyid(datdba) AS owner, datacl::text AS grants,
              (SELECT array_agg(setrole::regrole || ' ' || setconfig::text ORDER BY setrole)
                 FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
         FROM pg_database d WHERE datname = ${name}`;
    expect(await one(database.adminUrl, facts('current_database()'))).toEqual(
      await one(database.adminUrl, facts("'daybook_template'")),
    );
  });
});
