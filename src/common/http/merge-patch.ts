/**
 * Applies a JSON Merge Patch (RFC 7396): members of the patch replace those of the target, objects are merged, null
 * removes, arrays are replaced whole. A patch that is no object replaces the target.
 *
 * Neither argument is changed; what the patch does not touch is shared with the result, not copied. A member named
 * `__proto__` stays a member.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map<string, unknown>(isJsonObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
