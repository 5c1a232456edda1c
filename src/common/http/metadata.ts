import { VALIDATION_FAILED } from '../problems/http.problems';
import { Problem } from '../problems/problem';
import { mergePatch } from './merge-patch';

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

/**
 * Metadata after a change: keys that are not sent stay, null removes one (RFC 7396).
 * @throws Problem `validation-failed` when both together are too much
 */
export function patchMetadata(current: Record<string, unknown>, patch: Record<string, unknown>): object {
  const merged = mergePatch(current, patch);
  if (isMetadata(merged)) return merged;
  throw new Problem(VALIDATION_FAILED, 'With what is there already the metadata is too large.', {
    errors: [{ pointer: '/metadata', detail: 'must stay within 50 keys, 5 levels and 16384 bytes after the change' }],
  });
}
