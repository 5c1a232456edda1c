/**
 * PostgreSQL array literals for `unnest`. node-postgres makes them too, but looks at each element several times; in a
 * batch of thousands that is the larger part of the driver's time.
 */

/** Of values that need no quotes: UUIDs, numbers, ISO instants, hex. */
export function plainArray(values: readonly (string | number | bigint)[]): string {
  return `{${values.join(',')}}`;
}

/** Of any text; null becomes NULL. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value.replace(/[\\"]/g, '\\$&')}"`)).join(',')}}`;
}
