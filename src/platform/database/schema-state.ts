import { errorCode } from './database-errors';
import { MIGRATIONS_TABLE, type Schema } from './data-source-options';

/** There is nothing in the database that a process could start with. */
export class NoSchemaError extends Error {
  constructor() {
    super('The database has no schema yet. Run `node dist/cli.js migrate`, then start again.');
    this.name = 'NoSchemaError';
  }
}

type Query = (sql: string) => Promise<readonly { readonly name: string }[]>;

/**
 * Names of the migrations that this release knows and the database does not have. A database that has more is newer: an
 * older release works on it while the new one is rolled out.
 *
 * @throws NoSchemaError before the first migration
 */
export async function missingMigrations(query: Query, { migrations }: Pick<Schema, 'migrations'>): Promise<string[]> {
  const known = migrations.map(({ name }) => name);
  try {
    const applied = new Set((await query(`SELECT name FROM ${MIGRATIONS_TABLE}`)).map(({ name }) => name));
    if (applied.size === 0) throw new NoSchemaError();
    return known.filter((name) => !applied.has(name));
  } catch (error) {
    if (errorCode(error) === '42P01') throw new NoSchemaError();
    // a release that did not let the application read the list yet: what is missing is at least the right to
    if (errorCode(error) === '42501') return ['the right to read the list of migrations'];
    throw error;
  }
}
