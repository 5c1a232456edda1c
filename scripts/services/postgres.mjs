import { createHash, randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../setup/problem.mjs';
import { keepOrChoosePort } from './ports.mjs';
import { postgresBinaries, reachableFolder } from './postgres-binaries.mjs';
import { canReach, serverOwner } from './postgres-owner.mjs';
import { commandLine, run } from './processes.mjs';

/*
 * A real PostgreSQL for a laptop and for the tests, run by its own `pg_ctl`.
 *
 * `folder` holds everything that must be remembered: `cluster` (PostgreSQL's own data), `password` (of the superuser)
 * and `port`. So the server is found again after whoever started it was killed, and whoever finds it can stop it.
 */

/**
 * Starts the server in `folder`, making a new cluster the first time; one that already runs there is used as it is.
 *
 * @param durable false for tests: a power cut may lose everything, and commits are four times as fast
 * @returns {Promise<{adminUrl: string, port: number, reused: boolean}>} adminUrl: the superuser's
 */
export async function startPostgres({ folder, durable = true, maxConnections = 100, signal }) {
  await mkdir(folder, { recursive: true });
  const link = join(folder, 'cluster');
  const owner = await serverOwner(await realpath(link).catch(() => link));
  const bin = await postgresBinaries(owner);
  const cluster = await placeOfCluster(folder, owner);
  const password = await rememberedPassword(folder);
  const answer = (port, reused) => ({
    adminUrl: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    port,
    reused,
  });

  await createCluster({ bin, cluster, owner, password, durable, signal });
  const running = await runningPostgres({ folder });
  if (running) return answer(running.port, true);

  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=', // a socket's path may be at most 107 bytes long, and a checkout's path often is longer
    `max_connections=${maxConnections}`,
    ...['timezone=UTC', 'log_timezone=UTC'], // initdb of PostgreSQL 15 takes no settings
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const log = join(cluster, 'server.log');
  await rename(log, join(cluster, 'server.previous.log')).catch(() => undefined);
  // a stale pid file was left by a power cut or a kill -9, and its number may have been given to another process
  await rm(join(cluster, 'postmaster.pid'), { force: true });

  for (let attempt = 1; ; attempt += 1) {
    const port = await keepOrChoosePort(await rememberedPort(folder));
    const flags = [`port=${port}`, ...settings].map((setting) => `-c ${setting}`).join(' ');
    const args = ['start', '-w', '-t', '60', '-D', cluster, '-l', log, '-o', flags];
    const { code, output } = await run(join(bin, 'pg_ctl'), args, { ...environment(owner), signal });
    if (code === 0) {
      await writeFile(join(folder, 'port'), String(port));
      return answer(port, false);
    }
    const reason = await readFile(log, 'utf8').catch(() => '');
    // both pass by themselves: another program took the port just now; a killed server's children are still ending
    const passes = /Address already in use|shared memory block .* is still in use/.test(reason);
    if (!passes || attempt === 10) {
      throw new Problem('PostgreSQL did not start; what it said is above.', { output: reason || output });
    }
    await rm(join(folder, 'port'), { force: true });
    await sleep(500);
  }
}

/** Stops the server of this folder, whoever started it; none running is no error. */
export async function stopPostgres({ folder }) {
  const running = await runningPostgres({ folder });
  if (!running) return;
  const owner = await serverOwner(running.cluster);
  const bin = await postgresBinaries(owner);
  // "fast" breaks open connections and writes everything out; "smart" would wait for a forgotten psql
  const args = ['stop', '-w', '-m', 'fast', '-t', '60', '-D', running.cluster];
  const { code, output } = await run(join(bin, 'pg_ctl'), args, environment(owner));
  if (code !== 0 && (await runningPostgres({ folder }))) throw new Problem('PostgreSQL did not stop.', { output });
}

/** The server that runs on this folder's cluster, or null. */
export async function runningPostgres({ folder }) {
  const cluster = await realpath(join(folder, 'cluster')).catch(() => null);
  if (!cluster) return null;
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!(await commandLine(pid))?.includes(cluster)) return null;
  return { pid, port: Number(lines[3]), cluster };
}

/** Stops the server and forgets its data. */
export async function deletePostgres({ folder }) {
  await stopPostgres({ folder });
  const cluster = await realpath(join(folder, 'cluster')).catch(() => null);
  if (cluster) await rm(cluster, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

async function createCluster({ bin, cluster, owner, password, durable, signal }) {
  const made = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => null);
  if (made) {
    const { stdout } = await run(join(bin, 'postgres'), ['--version'], environment(owner));
    const major = /(\d+)/.exec(stdout)?.[1];
    if (made.trim() === major) return;
    throw new Problem(
      `The data was written by PostgreSQL ${made.trim()} and this is ${major}: npm start -- --fresh begins anew and discards it.`,
    );
  }
  // made aside and renamed: a cluster is there whole or not at all, also after a kill -9 in the middle of initdb
  const unfinished = `${cluster}.new`;
  const passwordFile = `${cluster}.password`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (owner) for (const path of [unfinished, passwordFile]) await chown(path, owner.uid, owner.gid);
  const args = ['-D', unfinished, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  args.push('--encoding=UTF8', '--locale=C');
  if (!durable) args.push('--no-sync');
  const { code, output } = await run(join(bin, 'initdb'), args, { ...environment(owner), signal }).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Problem(
      'The embedded PostgreSQL needs glibc, which this system (Alpine?) does not have: set DATABASE_URL and DATABASE_MIGRATION_URL to a server of yours.',
    );
  });
  await rm(passwordFile, { force: true });
  if (code !== 0) {
    await rm(unfinished, { recursive: true, force: true });
    throw new Problem('PostgreSQL could not create its data folder; what it said is above.', { output });
  }
  await rename(unfinished, cluster);
}

/**
 * Below a private folder (root's home, `mktemp -d`) the server's user cannot reach the project: then `cluster` is a
 * link to a folder that it can reach. Only ever as root.
 */
async function placeOfCluster(folder, owner) {
  const link = join(folder, 'cluster');
  const known = await realpath(link).catch(() => null);
  if (known) return known;
  await rm(link, { force: true }); // a link into nowhere
  const here = join(await realpath(folder), 'cluster');
  if (await canReach(folder, owner)) return here;
  const name = createHash('sha256').update(here).digest('hex').slice(0, 16);
  const elsewhere = join(reachableFolder, name);
  await mkdir(reachableFolder, { recursive: true, mode: 0o755 });
  await symlink(elsewhere, link);
  return elsewhere;
}

async function rememberedPassword(folder) {
  const file = join(folder, 'password');
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known) return known;
  if (await realpath(join(folder, 'cluster')).catch(() => null)) {
    throw new Problem(`${file} is gone, and nothing opens the database without it: npm start -- --fresh begins anew.`);
  }
  const password = randomBytes(24).toString('hex');
  await writeFile(`${file}.new`, password, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return password;
}

async function rememberedPort(folder) {
  return Number(await readFile(join(folder, 'port'), 'utf8').catch(() => ''));
}

/** PostgreSQL's programs care about language and time zone, and about the folder that they are started in. */
function environment(owner) {
  return { ...owner, cwd: '/', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } };
}
