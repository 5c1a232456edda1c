import { DataSource } from 'typeorm';
import { ENTITIES } from '../../src/app.entities';
import { loadConfig } from '../../src/config/config';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { createTestDatabase, type TestDatabase } from '../support/database';

describe('migrations', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('REL-20 make what the entities say: `migration:generate` finds nothing to do', async () => {
    const config = loadConfig({
      DATABASE_URL: database.databaseUrl,
      DATABASE_MIGRATION_URL: database.migrationUrl,
      REDIS_URL: database.redisUrl,
    });
    const dataSource = await new DataSource(dataSourceOptions(config, ENTITIES, 'migrator')).initialize();
    try {
      const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).toEqual([]);
    } finally {
      await dataSource.destroy();
    }
  });
});
