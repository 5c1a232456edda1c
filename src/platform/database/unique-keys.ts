import { type DataSource, type EntityMetadata } from 'typeorm';

/** What tells rows apart by their place, and not by what somebody sent: the tenant, and ids. */
const isPlace = (property: string): boolean => /^id$|Id$/.test(property);

/**
 * The unique keys of all entities, by the name of their constraint: the properties that a caller chose, which are the
 * fields of the request. `accounts_code_key` of tenant, ledger and code: `code`.
 */
export function uniqueKeys({ entityMetadatas }: DataSource): ReadonlyMap<string, readonly string[]> {
  return new Map(
    entityMetadatas.flatMap((metadata) =>
      keysOf(metadata).map(
        ([name, properties]) => [name, properties.filter((property) => !isPlace(property))] as const,
      ),
    ),
  );
}

function keysOf({
  tableName,
  primaryColumns,
  uniques,
  indices,
}: EntityMetadata): [name: string, properties: string[]][] {
  const properties = (columns: readonly { readonly propertyName: string }[]) =>
    columns.map(({ propertyName }) => propertyName);
  return [
    [`${tableName}_pkey`, properties(primaryColumns)],
    ...[...uniques, ...indices.filter(({ isUnique }) => isUnique)].map(({ name, columns }): [string, string[]] => [
      name,
      properties(columns),
    ]),
  ];
}
