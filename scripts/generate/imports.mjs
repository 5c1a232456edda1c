import { readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';

/**
 * Writes the imports of a file: from packages, from Daybook's public door, and from files beside it. In Daybook itself the
 * door's names are imported from where they are, which `src/index.ts` says.
 */
export function importWriter(project) {
  const homes = project.isDaybook ? homesOf(join(project.root, 'src/index.ts')) : undefined;
  return (file, { packages = {}, door = [], local = {} }) => {
    const lines = new Map(Object.entries(packages).map(([from, names]) => [from, [...names]]));
    const add = (from, name) => lines.set(from, [...(lines.get(from) ?? []), name]);
    for (const name of door) {
      const home = homes?.get(name.replace(/^type /, ''));
      if (homes && home === undefined) throw new Error(`${name} is not in the public door`);
      add(home === undefined ? 'daybook' : from(file, home), name);
    }
    for (const [path, names] of Object.entries(local)) for (const name of names) add(path, name);
    return [...lines]
      .filter(([, names]) => names.length > 0)
      .sort(([one], [other]) => rank(one) - rank(other) || (one < other ? -1 : 1))
      .map(([from, names]) => `import { ${sorted(names).join(', ')} } from '${from}';`)
      .join('\n');
  };
}

/** Where the door has each of its names from: a path below the project's root. */
function homesOf(door) {
  const homes = new Map();
  for (const [, names, path] of readFileSync(door, 'utf8').matchAll(/export \{([^}]*)\} from '(.*?)';/g))
    for (const name of names.split(','))
      if (name.trim() !== '') homes.set(name.trim().replace(/^type /, ''), posix.join('src', path));
  return homes;
}

function from(file, home) {
  const path = relative(dirname(file), home).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

/** Packages, then what is further away first. */
const rank = (path) => (path.startsWith('.') ? 100 - path.split('../').length : 0);
const sorted = (names) =>
  [...new Set(names)].sort((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0));
const key = (name) => name.replace(/^type /, '').toLowerCase();
