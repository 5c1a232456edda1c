import { type ColumnOptions, type ValueTransformer } from 'typeorm';

/** `bigint` and `numeric(38,0)` arrive as strings; the one place where entities turn them into `bigint`. */
export const bigintTransformer: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : BigInt(value)),
  to: (value: bigint | null | undefined) => (typeof value === 'bigint' ? value.toString() : value),
};

/** JSON in a `text` column, where the order of its fields has to stay. */
export const jsonText: ValueTransformer = {
  from: (text: string | null): unknown => (text === null ? null : JSON.parse(text)),
  to: (value: unknown) => (value === null || value === undefined ? value : JSON.stringify(value)),
};

/** `tenant_id`, first in every primary key. PostgreSQL fills it in from the transaction's tenant; code never sets it. */
export const TENANT_ID_COLUMN = {
  name: 'tenant_id',
  type: 'uuid',
  default: () => 'current_tenant_id()',
  insert: false,
  update: false,
} satisfies ColumnOptions;

/**
 * The tenant's own time, as a default or in an update: `createdAt`, `updatedAt`. TypeORM's `@UpdateDateColumn` takes the
 * server's instead, whatever its default says.
 */
export const TENANT_NOW = () => 'tenant_now()';

/** A row version for ETag and If-Match; raised by the statement that changes the row. */
export const VERSION_COLUMN: ColumnOptions = { type: 'integer', default: 1 };
