import { access, mkdir, readdir, readlink, rename, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

const cache = fileURLToPath(new URL('../../.cache', import.meta.url));

/** A server and the package beside it: Debian keeps the program itself in the "tools" and links to it. */
const choices = [
  { packages: ['redis-server', 'redis-tools'], program: 'usr/bin/redis-server' },
  { packages: ['valkey-server', 'valkey-tools'], program: 'usr/bin/valkey-server' },
];

/**
 * Debian's or Ubuntu's Redis without root and without changing the system: apt, with a state of its own, downloads and
 * verifies the packages; `dpkg -x` unpacks them into `.cache/redis`. About 4 seconds and 14 MB, the first time only.
 *
 * @returns {Promise<{command: string, env: object} | null>} null where there is no apt, or it finds nothing
 */
export async function redisFromDebian({ signal }) {
  const root = join(cache, 'redis');
  const unpacked = await installed(root);
  if (unpacked) return unpacked;
  if ((await run('dpkg', ['--version'], { signal }).catch(nothing))?.code !== 0) return null;

  const unfinished = join(cache, `redis.${process.pid}`);
  const apt = await privateApt(join(unfinished, 'apt'), signal);
  try {
    if (!(await apt('apt-get', 'update', '-qq'))) return null;
    for (const { packages, program } of choices) {
      if (!(await unpack(apt, packages, unfinished, signal))) continue;
      if (!(await completeLibraries(apt, packages, join(unfinished, program), unfinished, signal))) continue;
      await rm(join(unfinished, 'apt'), { recursive: true });
      await rename(unfinished, root).catch(nothing); // another start may have been faster
      return await installed(root);
    }
    return null;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function installed(root) {
  for (const { program } of choices) {
    const command = join(root, program);
    if (
      await readlink(command).then(
        () => true,
        () => exists(command),
      )
    ) {
      return { command, env: { LD_LIBRARY_PATH: await libraryPath(root) } };
    }
  }
  return null;
}

/** apt with every path that it writes to moved into our folder; sources and keys stay the system's. */
async function privateApt(folder, signal) {
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'archives', 'partial'), { recursive: true });
  const options = [
    `Dir::State=${folder}`,
    `Dir::State::lists=${join(folder, 'lists')}`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${join(folder, 'archives')}`,
    'Debug::NoLocking=1',
    `APT::Sandbox::User=${userInfo().username}`,
  ].flatMap((option) => ['-o', option]);
  return async (program, ...args) => {
    const cwd = join(folder, 'archives');
    const result = await run(program, [...options, ...args], { cwd, signal }).catch(ignoreMissing);
    return result?.code === 0 ? { stdout: result.stdout, folder: cwd } : null;
  };
}

async function unpack(apt, packages, root, signal) {
  const downloaded = await apt('apt-get', 'download', '-qq', ...packages);
  if (!downloaded) return false;
  for (const file of await readdir(downloaded.folder)) {
    if (!file.endsWith('.deb')) continue;
    const { code } = await run('dpkg', ['-x', join(downloaded.folder, file), root], { signal });
    if (code !== 0) return false;
    await rm(join(downloaded.folder, file));
  }
  return true;
}

/**
 * Adds the libraries that the loader misses. Their packages' names change with every release, so the loader says
 * whether something is missing and the packages' own dependencies say where it may be. Never libc: mixing two is fatal.
 */
async function completeLibraries(apt, packages, program, root, signal) {
  let look = packages;
  const seen = new Set(['libc6']);
  for (let depth = 0; depth < 4; depth += 1) {
    const env = { ...process.env, LC_ALL: 'C', LD_LIBRARY_PATH: await libraryPath(root) };
    const { stdout, code } = await run('ldd', [program], { env, signal });
    if (code !== 0) return false;
    if (!stdout.includes('not found')) return true;
    const answer = await apt('apt-cache', 'depends', '--no-recommends', '--no-suggests', ...look);
    const named = [...(answer?.stdout ?? '').matchAll(/^\s*\|?Depends: (lib\S+)$/gm)].map(([, name]) => name);
    look = [...new Set(named)].filter((name) => !seen.has(name));
    if (look.length === 0 || !(await unpack(apt, look, root, signal))) return false;
    for (const name of look) seen.add(name);
  }
  return false;
}

/** Debian puts libraries below the machine's triplet, such as usr/lib/x86_64-linux-gnu. */
async function libraryPath(root) {
  const folders = [];
  for (const base of ['usr/lib', 'lib']) {
    for (const entry of await readdir(join(root, base), { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory() && entry.name.includes('-linux-')) folders.push(join(root, base, entry.name));
    }
  }
  return folders.join(':');
}

const nothing = () => null;

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

function ignoreMissing(error) {
  if (error.code === 'ENOENT') return null;
  throw error;
}
