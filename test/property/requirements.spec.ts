import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** The invariants that the ledger keeps under crash, concurrency and retry. */
const INVARIANTS = Array.from({ length: 15 }, (_, index) => `REL-${String(index + 1).padStart(2, '0')}`);

/** Ids in the names of tests: comments do not count. */
function namedIn(folder: string): Set<string> {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  const names = files
    .filter((file) => file.endsWith('.spec.ts'))
    .flatMap(
      (file) => readFileSync(join(ROOT, folder, file), 'utf8').match(/['"`][^'"`\n]*\bREL-\d\d\b[^'"`\n]*['"`]/g) ?? [],
    );
  return new Set(names.flatMap((name) => name.match(/REL-\d\d/g) ?? []));
}

describe('the invariants of the ledger', () => {
  it('each have a test that names them', () => {
    const named = new Set([...namedIn('src'), ...namedIn('test')]);
    expect(INVARIANTS.filter((id) => !named.has(id))).toEqual([]);
  });
});
