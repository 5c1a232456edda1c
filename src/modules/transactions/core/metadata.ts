export const METADATA_KEYS = 50;
export const METADATA_BYTES = 16_384;
export const METADATA_DEPTH = 5;

/** A JSON object of the caller's own, within bounds that keep rows small. */
export function isMetadata(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return (
    Object.keys(value).length <= METADATA_KEYS &&
    depthOf(value) <= METADATA_DEPTH &&
    Buffer.byteLength(JSON.stringify(value)) <= METADATA_BYTES
  );
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/**
 * With the members of its objects in the order of their names. What comes in has the caller's order and what comes out of
 * the database another: written like this, the answer to a retry is the first one byte by byte.
 */
export function inOneOrder<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inOneOrder) as Value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, inOneOrder<unknown>(member)])) as Value;
}
