import { Injectable, Module } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Column, DataSource, Entity, PrimaryColumn, type QueryRunner } from 'typeorm';
import { CORE_FEATURES } from '../../src/app.features';
import { loadConfig } from '../../src/config/config';
import { createDaybook } from '../../src/create-daybook';
import { TENANT_ID_COLUMN } from '../../src/platform/database/columns';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { migrate } from '../../src/platform/database/migrate';
import { Feature, type FeatureOptions, type Migration } from '../../src/platform/features/feature';
import { startTestApp } from '../support/app';
import { createTestDatabase, databaseEnvironment, type TestDatabase } from '../../src/testing/database';

/* What somebody gets wrong who writes their first module, and the sentence that they are told it with. */

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

@Entity('gadgets')
class Gadget {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  name: string;
}

@Entity('gizmos')
class Gizmo {
  @PrimaryColumn({ type: 'uuid' })
  id: string;
}

function migration(time: number, sql: string): new () => Migration {
  const name = `Mistake${time}`;
  const type = class implements Migration {
    readonly name = name;
    async up(runner: QueryRunner): Promise<void> {
      await runner.query(sql);
    }
    down(): Promise<void> {
      return Promise.reject(new Error('forward only'));
    }
  };
  Object.defineProperty(type, 'name', { value: name });
  return type;
}

async function migrated(options: FeatureOptions): Promise<string[]> {
  @Feature(options)
  class MistakenModule {}
  const { features } = createDaybook({ features: [...CORE_FEATURES, MistakenModule] });
  const env = { ...process.env, ...databaseEnvironment(database), DATABASE_MIGRATION_URL: database.migrationUrl };
  return migrate(dataSourceOptions(loadConfig(env), features, 'migrator'), features.catalog.platformTables);
}

it('TEN-01 an entity without a migration', async () => {
  await expect(migrated({ entities: [Gadget] })).rejects.toThrow(
    'The entity Gadget has no table: no migration makes gadgets. Write one in its module',
  );
});

it('TEN-01 a table without tenant_id, unless it is said why', async () => {
  const options = {
    entities: [Gizmo],
    migrations: [migration(1795999000001, 'CREATE TABLE gizmos (id uuid PRIMARY KEY)')],
  };
  await expect(migrated(options)).rejects.toThrow('The table gizmos has no tenant_id: put it first in its keys');
  await expect(migrated({ ...options, catalog: { platformTables: { gizmos: 'A test.' } } })).resolves.toEqual([]);
});

it('a column that the table does not have, and a key that does not begin with the tenant', async () => {
  const sql = 'CREATE TABLE gadgets (id uuid, tenant_id uuid, PRIMARY KEY (id, tenant_id))';
  await expect(migrated({ entities: [Gadget], migrations: [migration(1795999000002, sql)] })).rejects.toThrow(
    /^The entity Gadget has the column name, and the table gadgets does not: write a migration .*\nThe primary key of gadgets does not begin with tenant_id/,
  );
});

it('TEN-04 a data source of one’s own, which has no tenant', async () => {
  @Injectable()
  class Reader {
    constructor(@InjectDataSource() readonly dataSource: DataSource) {}
  }
  @Module({ providers: [Reader] })
  class ReaderModule {}
  const { module } = createDaybook({ features: [...CORE_FEATURES, ReaderModule] });
  await expect(startTestApp({}, undefined, module)).rejects.toThrow(
    'Reader injects DataSource, which has no tenant: row-level security would show it nothing. Inject TenantDatabase',
  );
});
