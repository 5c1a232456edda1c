import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../services/processes.mjs';
import { Problem } from './problem.mjs';
import { root } from './project.mjs';

// inside dist, which every build empties first: an interrupted build has no stamp
const stamp = join(root, 'dist', '.built-from');
const settings = ['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];

/** A hash of everything that the build reads. Contents, not dates: git gives a file a new date when you only look. */
export async function sourceFingerprint() {
  const inSrc = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const sources = inSrc
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const hash = createHash('sha256');
  for (const file of [...settings.map((name) => join(root, name)), ...sources.sort()]) {
    const content = await readFile(file).catch(() => '');
    hash.update(`${file.slice(root.length)} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

export async function isBuilt() {
  return (await readFile(stamp, 'utf8').catch(() => '')) === (await sourceFingerprint());
}

/** Compiles, and notes what from. */
export async function build({ signal } = {}) {
  const before = await sourceFingerprint();
  const { code, output } = await run('npm', ['run', '--silent', 'build'], { cwd: root, signal });
  if (code !== 0) throw new Problem('The build failed; what the compiler said is above.', { output });
  await writeFile(stamp, before);
  return output;
}
