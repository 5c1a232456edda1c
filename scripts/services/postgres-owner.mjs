import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../setup/problem.mjs';

/**
 * PostgreSQL refuses to run as root, and containers and CI machines often have nobody else. There the server runs as
 * another user: the one who owns the cluster already, else `postgres`, else `nobody`.
 *
 * @returns {Promise<{uid: number, gid: number} | null>} null: run as the user we are
 */
export async function serverOwner(cluster) {
  const existing = await stat(cluster).catch(() => null);
  if (process.getuid() !== 0) {
    if (!existing || existing.uid === process.getuid()) return null;
    throw new Problem(
      `${cluster} belongs to another user (was it once started as root?): start as that user, or remove the folder.`,
    );
  }
  if (existing && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid };
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const ids = await Promise.all([idOf('-u', name), idOf('-g', name)]).catch(() => null);
    if (ids) return { uid: ids[0], gid: ids[1] };
  }
  throw new Problem('PostgreSQL refuses to run as root and there is no other user: add one with `useradd postgres`.');
}

async function idOf(flag, name) {
  const { stdout } = await promisify(execFile)('id', [flag, name]);
  return Number(stdout);
}

/** Whether the owner could enter this folder: every folder above it must let them through (`/root` does not). */
export async function canReach(path, owner) {
  if (!owner) return true;
  for (let folder = await realpath(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
