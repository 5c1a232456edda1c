/** Members whose order says something to a reader, and is the same on every machine: that of the source. */
const IN_ORDER = new Set(['properties', 'required', 'tags', 'examples', 'example', 'enum', 'default', 'value']);

/** Pretty JSON that does not depend on the order in which modules were scanned. */
export function sortedJson(document: unknown): string {
  return `${JSON.stringify(sorted(document, ''), undefined, 2)}\n`;
}

function sorted(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => sorted(item, ''));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (!IN_ORDER.has(name)) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member, key)]));
}
