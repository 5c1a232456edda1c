import { type DataSource } from 'typeorm';

const COLUMNS = `
  SELECT c.relname AS "table", a.attname AS "column", i.indkey[0] = a.attnum AS first
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
   WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')`;

const GUIDE = '(docs/guides/add-a-module.md)';

/**
 * Says in a sentence each what entities say that the tables do not have: the mistakes of a new module that would come to
 * light only as generated SQL, or as failures of everything that touches the table.
 *
 * @param platformTables tables whose rows belong to no tenant
 */
export async function schemaFaults(
  dataSource: DataSource,
  platformTables: Readonly<Record<string, string>>,
): Promise<string[]> {
  const rows = await dataSource.query<{ table: string; column: string; first: boolean | null }[]>(COLUMNS);
  const tables = new Map<string, Map<string, boolean>>();
  for (const { table, column, first } of rows)
    tables.set(table, (tables.get(table) ?? new Map<string, boolean>()).set(column, first === true));
  return dataSource.entityMetadatas.flatMap(({ name, tableName, columns }) => {
    const found = tables.get(tableName);
    if (!found)
      return [
        `The entity ${name} has no table: no migration makes ${tableName}. Write one in its module, and name it in its @Feature() ${GUIDE}.`,
      ];
    const missing = columns
      .filter(({ databaseName }) => !found.has(databaseName))
      .map(({ databaseName }) => databaseName);
    const faults = missing.map(
      (column) =>
        `The entity ${name} has the column ${column}, and the table ${tableName} does not: write a migration ${GUIDE}.`,
    );
    if (Object.hasOwn(platformTables, tableName)) return faults;
    if (!found.has('tenant_id'))
      faults.push(
        `The table ${tableName} has no tenant_id: put it first in its keys (TENANT_ID_COLUMN, tenantTable), or say in \`catalog.platformTables\` of its @Feature() why its rows belong to no tenant ${GUIDE}.`,
      );
    else if (!found.get('tenant_id'))
      faults.push(`The primary key of ${tableName} does not begin with tenant_id: put it first ${GUIDE}.`);
    return faults;
  });
}
