import { spawn } from 'node:child_process';
import { access, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './ports.mjs';
import { serverOwner } from './postgres-owner.mjs';
import { commandLine, endProcess, within } from './processes.mjs';

const PLACES = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'];

/** Path of the program, or undefined: it is not among npm's packages, and Debian's is called `pgbouncer`. */
export async function pgBouncer() {
  for (const path of PLACES) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/**
 * A pooler in front of a server, for all its databases.
 *
 * @param url of a login: it may come in, and everybody is let through as who they are
 * @param mode `transaction`, `session` or `statement`
 * @param poolSize connections to the server, per database
 * @returns {Promise<{url: string}>} the same login, through the pooler
 */
export async function startPgBouncer({ folder, url, mode = 'transaction', poolSize = 5 }) {
  const program = await pgBouncer();
  if (!program) throw new Error('pgbouncer is not installed (Debian: apt-get install pgbouncer)');
  await mkdir(folder, { recursive: true });
  const server = new URL(url);
  const port = await freePort();
  const files = {
    'users.txt': `"${server.username}" "${server.password}"\n`,
    'pgbouncer.ini': [
      '[databases]',
      `* = host=${server.hostname} port=${server.port}`,
      '[pgbouncer]',
      ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir ='],
      ...['auth_type = scram-sha-256', `auth_file = ${join(folder, 'users.txt')}`],
      ...[`pool_mode = ${mode}`, `default_pool_size = ${poolSize}`, 'max_client_conn = 1000'],
      // what node-postgres says at the beginning of a connection and a pooler does not pass on
      'ignore_startup_parameters = extra_float_digits',
      ...[`pidfile = ${join(folder, 'pid')}`, `logfile = ${join(folder, 'log')}`],
      '',
    ].join('\n'),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  // like PostgreSQL, it refuses to run as root
  const owner = await serverOwner(folder);
  if (owner)
    for (const path of [folder, ...Object.keys(files).map((name) => join(folder, name))])
      await chown(path, owner.uid, owner.gid);
  const child = spawn(program, [join(folder, 'pgbouncer.ini')], { ...owner, stdio: 'ignore', detached: true });
  let ended = false;
  child.on('error', () => (ended = true));
  child.on('exit', () => (ended = true));
  child.unref();
  const up = await within(10_000, async () => ended || (await accepts(port)));
  if (!up || ended)
    throw new Error(`PgBouncer did not start:\n${await readFile(join(folder, 'log'), 'utf8').catch(() => '')}`);
  server.port = String(port);
  return { url: server.href };
}

export async function stopPgBouncer({ folder }) {
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => 0));
  if ((await commandLine(pid))?.includes(folder)) await endProcess(pid, { grace: 5_000 });
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
