import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../services/processes.mjs';
import { Problem } from './problem.mjs';
import { root } from './project.mjs';

const lock = join(root, 'package-lock.json');
// inside node_modules, so that it disappears with what it vouches for
const stamp = join(root, 'node_modules', '.daybook-lock');

/** Whether node_modules is what package-lock.json asks for, whoever installed it. */
export async function dependenciesAreInstalled() {
  if ((await readFile(stamp, 'utf8').catch(() => '')) === (await fingerprint())) return true;
  // a project without a lock file says itself what it has
  const wanted = await stat(lock).catch(() => ({ mtimeMs: 0 }));
  // npm writes this file last, so an interrupted installation has none
  const installed = await stat(join(root, 'node_modules', '.package-lock.json')).catch(() => null);
  return installed !== null && installed.mtimeMs > wanted.mtimeMs;
}

export async function installDependencies({ signal } = {}) {
  // --include=dev: NODE_ENV=production in the shell would leave out the compiler and PostgreSQL
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await run('npm', args, { cwd: root, signal });
  if (code !== 0) {
    throw new Problem(
      'npm ci failed; what it said is above. Usually the network or a proxy: mend it and run this again.',
      {
        output,
      },
    );
  }
  await writeFile(stamp, await fingerprint());
}

async function fingerprint() {
  return createHash('sha256')
    .update(await readFile(lock).catch(() => ''))
    .digest('hex');
}
