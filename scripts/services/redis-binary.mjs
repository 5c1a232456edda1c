import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Problem } from '../setup/problem.mjs';
import { redisFromDebian } from './redis-from-debian.mjs';

const servers = ['redis-server', 'valkey-server', 'keydb-server'];

/** Homebrew links nothing into PATH for a formula that is "keg-only", and a shell may lack Homebrew's PATH. */
const homebrew = ['/opt/homebrew', '/usr/local', '/home/linuxbrew/.linuxbrew'].flatMap((prefix) => [
  `${prefix}/opt/redis/bin/redis-server`,
  `${prefix}/opt/valkey/bin/valkey-server`,
]);

/**
 * Finds a Redis server. No npm package carries one, so: one on PATH, else Debian's or Ubuntu's own package unpacked
 * into `.cache` without root, else Homebrew's.
 *
 * @returns {Promise<{command: string, env: object, origin: string}>}
 */
export async function redisBinary({ signal } = {}) {
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => servers.map((name) => join(folder, name)));
  const found = await firstExecutable(onPath);
  if (found) return { command: found, env: {}, origin: found };
  const debian = await redisFromDebian({ signal });
  if (debian) return { ...debian, origin: "the distribution's package, unpacked in .cache" };
  const brewed = await firstExecutable(homebrew);
  if (brewed) return { command: brewed, env: {}, origin: brewed };
  throw new Problem(
    process.platform === 'darwin'
      ? 'Redis is missing: `brew install redis` and run this again, or set REDIS_URL to a server of yours.'
      : 'Redis is missing: install redis-server (or valkey-server) and run this again, or set REDIS_URL to a server of yours.',
  );
}

async function firstExecutable(paths) {
  for (const path of paths) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return null;
}
