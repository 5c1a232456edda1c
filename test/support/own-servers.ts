import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Redis from 'ioredis';

const ROOT = join(__dirname, '../..');
const execute = promisify(execFile);

/** A command of service.mjs. */
export async function service(command: string, folder: string, ...args: string[]): Promise<Record<string, string>> {
  const program = [join(__dirname, 'service.mjs'), command, folder, ...args];
  // Jest's own copy of the environment, which a test may have changed
  const { stdout } = await execute(process.execPath, program, { cwd: ROOT, env: process.env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, string>;
}

/** As global-setup.mjs names its folders, so that its sweep finds what a killed run left. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `daybook-test-${process.pid}-`));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user, who must get in
  return folder;
}

export interface OwnPostgres {
  /** As a server that loses its power: no farewell to its clients. Comes back with `start`, on the same port. */
  crash(): Promise<void>;
  start(): Promise<void>;
  /** Stops the server and each of its processes in the middle of what they do: it is there and says nothing, until `thaw`. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** What the server has logged since it started. */
  log(): Promise<string>;
  /** In good order. */
  stop(): Promise<void>;
  /** Stops it and forgets its data. */
  remove(): Promise<void>;
}

export interface OwnPostgresOptions {
  /** Makes the role that `bootstrap` runs as, instead of the superuser, and returns its URL. */
  readonly bootstrapAs?: (superuserUrl: string) => Promise<string>;
  /** Where it keeps its data: an empty folder from `newFolder`, which goes with it. */
  readonly parent?: string;
}

/**
 * A PostgreSQL server of this test file's own, for breaking it. From then on `createTestDatabase` and `startTestApp`
 * use it.
 */
export async function startOwnPostgres(options: OwnPostgresOptions = {}): Promise<OwnPostgres> {
  const { bootstrapAs = (url) => Promise.resolve(url), parent = await newFolder() } = options;
  const folder = join(parent, 'postgres');
  const { adminUrl = '' } = await service('start-postgres', folder);
  const login = (role: string) => {
    const url = new URL(adminUrl);
    [url.username, url.password, url.pathname] = [role, randomBytes(12).toString('hex'), '/daybook_template'];
    return url.href;
  };
  process.env.TEST_POSTGRES_ADMIN_URL = adminUrl;
  process.env.TEST_DATABASE_URL = login('daybook_app');
  process.env.TEST_DATABASE_MIGRATION_URL = login('daybook_migrator');
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    DATABASE_ADMIN_URL: await bootstrapAs(adminUrl),
    DATABASE_URL: process.env.TEST_DATABASE_URL,
    DATABASE_MIGRATION_URL: process.env.TEST_DATABASE_MIGRATION_URL,
    REDIS_URL: process.env.TEST_REDIS_URL,
  };
  for (const command of ['bootstrap', 'migrate'])
    await execute(process.execPath, ['-r', '@swc-node/register', 'src/cli.ts', command], { cwd: ROOT, env });
  const postmaster = async () =>
    Number((await readFile(join(folder, 'cluster/postmaster.pid'), 'utf8')).split('\n')[0]);
  /** The postmaster first, so that it makes no more of them. */
  const signalAll = async (signal: 'SIGSTOP' | 'SIGCONT') => {
    const parent = await postmaster();
    process.kill(parent, signal);
    for (const child of (await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')).trim().split(' '))
      try {
        process.kill(Number(child), signal);
      } catch {
        // it had ended just then
      }
  };
  const stop = async () => {
    await service('stop-postgres', folder);
  };
  return {
    crash: async () => {
      process.kill(await postmaster(), 'SIGQUIT'); // what `pg_ctl stop -m immediate` sends
    },
    log: () => readFile(join(folder, 'cluster/server.log'), 'utf8'),
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    start: async () => {
      await service('start-postgres', folder);
    },
    stop,
    remove: async () => {
      await stop();
      await rm(parent, { recursive: true, force: true });
    },
  };
}

export interface OwnRedis {
  readonly url: string;
  stop(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Empty, on the same port. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** A Redis of this test file's own, for taking it away. */
export async function startOwnRedis(): Promise<OwnRedis> {
  const parent = await newFolder();
  const folder = join(parent, 'redis');
  const { url = '' } = await service('start-redis', folder);
  const client = new Redis(url);
  const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
  client.disconnect();
  return {
    url,
    freeze: () => process.kill(pid, 'SIGSTOP'),
    thaw: () => process.kill(pid, 'SIGCONT'),
    stop: async () => {
      await service('stop-redis', folder);
    },
    start: async () => {
      await service('start-redis', folder);
    },
    remove: async () => {
      await service('stop-redis', folder);
      await rm(parent, { recursive: true, force: true });
    },
  };
}

export interface OwnPgBouncer {
  /** The login that it was started with, through the pooler. */
  readonly url: string;
  remove(): Promise<void>;
}

/** A pooler in front of the server that runs; see pgbouncer.mjs. @param url of the login that may go through it */
export async function startOwnPgBouncer(
  url: string,
  mode: 'transaction' | 'session' | 'statement' = 'transaction',
  poolSize = 5,
): Promise<OwnPgBouncer> {
  const folder = await newFolder();
  const answer = await service('start-pgbouncer', join(folder, 'pgbouncer'), url, mode, String(poolSize));
  return {
    url: answer.url ?? '',
    remove: async () => {
      await service('stop-pgbouncer', join(folder, 'pgbouncer'));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
