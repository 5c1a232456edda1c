import { type DataSourceOptions, type MigrationInterface, type ObjectLiteral } from 'typeorm';
import { type Config } from '../../config/config';
import { DatabaseClient } from './database-client';
import { type Sessions } from './sessions';

/**
 * A server that has said nothing for this long is taken for dead: it is longer than any statement may take. Most
 * transactions have a limit of their own that comes first (`TenantDatabase`).
 */
const SILENCE_MS = 75_000;

/** What is to be in the database. */
export interface Schema {
  readonly entities: readonly (new () => ObjectLiteral)[];
  readonly migrations: readonly (new () => MigrationInterface)[];
}

export const MIGRATIONS_TABLE = 'schema_migrations';

/** What every pool of the application connects with, beside its size and its name. */
export function poolOptions({ database }: Config, sessions: Sessions | undefined) {
  return {
    connectionString: database.url,
    // node-postgres waits for ever by default
    connectionTimeoutMillis: database.poolTimeoutMs,
    query_timeout: SILENCE_MS,
    Client: DatabaseClient,
    sessions,
  };
}

/** What the application, the operator's commands and the TypeORM CLI connect with. Entities and migrations are those of the features: no globs. */
export function dataSourceOptions(
  config: Config,
  { entities, migrations }: Schema,
  as: 'app' | 'migrator' = 'app',
  sessions?: Sessions,
): DataSourceOptions {
  const { url, migrationUrl, poolSize, poolTimeoutMs } = config.database;
  return {
    type: 'postgres',
    url: as === 'migrator' ? (migrationUrl ?? url) : url,
    applicationName: `daybook-${as}`,
    entities: [...entities],
    migrations: [...migrations],
    migrationsTableName: MIGRATIONS_TABLE,
    migrationsTransactionMode: 'each',
    synchronize: false,
    migrationsRun: false,
    // ids are made by the application (UUIDv7), so no extension is needed
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    poolSize: as === 'migrator' ? 2 : poolSize,
    // node-postgres waits for ever by default
    connectTimeoutMS: poolTimeoutMs,
    extra: as === 'app' ? poolOptions(config, sessions) : { Client: DatabaseClient },
    logging: false,
  };
}
