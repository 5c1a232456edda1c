import { DataSource, type DataSourceOptions } from 'typeorm';
import { schemaFaults } from './schema-check';
import { areShared, UnusablePoolerError } from './sessions';
import { checkServerVersion, SERVER_VERSION } from './supported-versions';

/** Any two pods that migrate at once share this key; the second waits, then finds nothing to do. */
export const MIGRATION_LOCK = 4_711_001;

/**
 * Applies the migrations that are missing, as `daybook_migrator`, one process at a time.
 * @param platformTables where given, what entities say that the tables do not have is an error
 * @returns names of those applied
 */
export async function migrate(
  options: DataSourceOptions,
  platformTables?: Readonly<Record<string, string>>,
): Promise<string[]> {
  // the lock would be left on a connection that somebody else has by then
  if (await areShared((options as { url: string }).url))
    throw new UnusablePoolerError(
      'DATABASE_MIGRATION_URL goes through a pooler that shares sessions; name the server itself',
    );
  const dataSource = await new DataSource(options).initialize();
  try {
    const [server] = await dataSource.query<{ version: number }[]>(SERVER_VERSION);
    checkServerVersion(server?.version ?? 0);
    const [role] = await dataSource.query<{ name: string; migrates: boolean }[]>(
      `SELECT rolname AS name, rolsuper OR EXISTS (SELECT FROM pg_roles WHERE rolname = 'daybook_migrator' AND pg_has_role(current_user, oid, 'USAGE')) AS migrates
         FROM pg_roles WHERE rolname = current_user`,
    );
    // under FORCE row-level security the backfill of another role would change 0 rows and say nothing
    if (!role?.migrates)
      throw new Error(`migrations must run as daybook_migrator, not ${role?.name ?? '?'}: set DATABASE_MIGRATION_URL`);
    const lock = dataSource.createQueryRunner();
    try {
      await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const applied = await dataSource.runMigrations();
      await lock.query('ALTER TABLE IF EXISTS schema_migrations OWNER TO daybook_owner');
      // so that a process can tell whether the schema is new enough for it (schema-state.ts)
      await lock.query('GRANT SELECT ON schema_migrations TO daybook_app');
      const faults = platformTables ? await schemaFaults(dataSource, platformTables) : [];
      if (faults.length > 0) throw new Error(faults.join('\n'));
      return applied.map(({ name }) => name);
    } finally {
      await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
}
