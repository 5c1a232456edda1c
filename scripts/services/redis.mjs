import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Problem } from '../setup/problem.mjs';
import { keepOrChoosePort } from './ports.mjs';
import { commandLine, endProcess, within } from './processes.mjs';
import { redisBinary } from './redis-binary.mjs';

/*
 * A private Redis for a laptop and for the tests. `folder` holds its data and its `redis.conf`, which is also where
 * port and password are remembered: whoever answers to that password on that port is ours, so no pid needs guessing.
 */

/**
 * Starts the server in `folder`; one that already runs there is used as it is.
 *
 * @param durable false for tests: nothing is written to disk
 * @returns {Promise<{url: string, port: number, reused: boolean, origin?: string}>}
 */
export async function startRedis({ folder, durable = true, databases = 16, signal }) {
  await mkdir(folder, { recursive: true });
  const known = await configured(folder);
  const running = await runningRedis({ folder });
  if (running) {
    // it may still be reading a large append-only file, and answers only after that
    if (await within(30_000, () => answers(known))) return { url: urlOf(known), port: known.port, reused: true };
    await stopRedis({ folder });
  }

  const { command, env, origin } = await redisBinary({ signal });
  const server = {
    port: await keepOrChoosePort(known?.port),
    password: known?.password ?? randomBytes(24).toString('hex'),
  };
  await configure(folder, server, { durable, databases });
  await rm(join(folder, 'redis.log'), { force: true });
  signal?.throwIfAborted();
  // a session of its own: Ctrl-C in the terminal must reach the application first, and Redis last
  const child = spawn(command, [join(folder, 'redis.conf')], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'ignore',
    detached: true,
  });
  let ended = false;
  child.on('error', () => (ended = true));
  child.on('exit', () => (ended = true));
  child.unref();
  const up = await within(30_000, async () => ended || (await answers(server)));
  if (!up || ended) {
    const output = await readFile(join(folder, 'redis.log'), 'utf8').catch(() => '');
    throw new Problem(`Redis (${command}) did not start; what it said is above.`, { output });
  }
  return { url: urlOf(server), port: server.port, reused: false, origin };
}

/** Stops the server of this folder, whoever started it; none running is no error. */
export async function stopRedis({ folder }) {
  const running = await runningRedis({ folder });
  if (!running) return;
  // NOSAVE is about snapshots: the append-only file is flushed and synced all the same
  await ask(running, 'SHUTDOWN NOSAVE').catch(() => undefined);
  const gone = async () => (await commandLine(running.pid)) === null;
  if (!(await within(10_000, gone))) await endProcess(running.pid, { grace: 5_000 });
}

/** The server that runs on this folder's data, or null. */
export async function runningRedis({ folder }) {
  const known = await configured(folder);
  if (!known) return null;
  const pid = Number(await readFile(join(folder, 'redis.pid'), 'utf8').catch(() => ''));
  // Redis writes its port into its own command line; a server too busy to answer is found in this way too
  const line = await commandLine(pid);
  return line?.includes(`:${known.port}`) && /redis|valkey|keydb/.test(line) ? { ...known, pid } : null;
}

/** Stops the server and forgets its data. */
export async function deleteRedis({ folder }) {
  await stopRedis({ folder });
  await rm(folder, { recursive: true, force: true });
}

const urlOf = ({ port, password }) => `redis://:${password}@127.0.0.1:${port}`;

async function configured(folder) {
  const text = await readFile(join(folder, 'redis.conf'), 'utf8').catch(() => '');
  const port = Number(/^port (\d+)$/m.exec(text)?.[1]);
  const password = /^requirepass (\w+)$/m.exec(text)?.[1];
  return port && password ? { port, password } : null;
}

async function configure(folder, { port, password }, { durable, databases }) {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `databases ${databases}`,
    `dir ${quote(folder)}`,
    `pidfile ${quote(join(folder, 'redis.pid'))}`,
    `logfile ${quote(join(folder, 'redis.log'))}`,
    'daemonize no',
    'save ""',
    `appendonly ${durable ? 'yes' : 'no'}`,
    'appendfsync everysec',
    'maxmemory-policy noeviction', // Bull's jobs are not a cache: none may be dropped to make room
  ];
  const file = join(folder, 'redis.conf');
  await writeFile(`${file}.new`, `${lines.join('\n')}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

const quote = (path) => JSON.stringify(path);

async function answers(server) {
  const reply = await ask(server, 'PING').catch(() => '');
  return reply.includes('+PONG');
}

/** One inline command after signing in; resolves with the raw replies, rejects when nobody listens. */
function ask({ port, password }, command) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let reply = '';
    socket.setEncoding('utf8');
    socket.setTimeout(5_000, () => socket.destroy(new Error('Redis does not answer.')));
    socket.on('error', reject);
    socket.on('close', () => resolve(reply));
    socket.on('data', (data) => {
      reply += data;
      if (reply.split('\r\n').length > 2) socket.end();
    });
    socket.write(`AUTH ${password}\r\n${command}\r\n`);
  });
}
