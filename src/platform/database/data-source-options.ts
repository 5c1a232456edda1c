import { Client, type ClientConfig } from 'pg';
import { type DataSourceOptions, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type Config } from '../../config/config';
import { MIGRATIONS } from './migrations';

export const MIGRATIONS_TABLE = 'schema_migrations';

/**
 * A server that ends a connection can say so more than once; the second time nobody listens any more and Node would
 * end the process. The query in progress gets the error in any case.
 */
class ListenedClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/** What the application, the operator's commands and the TypeORM CLI connect with. Entities and migrations are explicit: no globs. */
export function dataSourceOptions(
  config: Config,
  entities: readonly EntityTarget<ObjectLiteral>[],
  as: 'app' | 'migrator' = 'app',
): DataSourceOptions {
  const { url, migrationUrl, poolSize, poolTimeoutMs } = config.database;
  return {
    type: 'postgres',
    url: as === 'migrator' ? (migrationUrl ?? url) : url,
    applicationName: `daybook-${as}`,
    entities: [...entities] as never[],
    migrations: MIGRATIONS,
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
    extra: { keepAlive: true, Client: ListenedClient },
    logging: false,
  };
}
