import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(__dirname, '../..');

/** `npm start` as a person meets it, on data of its own: it says where it serves, survives kill -9, cleans up. */
describe('npm start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-launcher-'));
  let port: number;
  let launcher: ChildProcess;
  let printed = '';

  beforeAll(async () => {
    chmodSync(folder, 0o755); // as root, PostgreSQL runs as another user, who must get in
    port = await freePort();
  });

  afterAll(async () => {
    await stop('SIGTERM');
    // a test that failed half-way may have left servers without a launcher
    const cleanUp = `
      import { deletePostgres } from '${root}/scripts/services/postgres.mjs';
      import { deleteRedis } from '${root}/scripts/services/redis.mjs';
      import { stopApplication } from '${root}/scripts/launcher/application.mjs';
      await stopApplication({ folder: '${folder}' });
      await deletePostgres({ folder: '${folder}/postgres' });
      await deleteRedis({ folder: '${folder}/redis' });`;
    execFileSync(process.execPath, ['--input-type=module', '--eval', cleanUp]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('serves, and prints where, and a request to try that works', async () => {
    await start();
    expect(printed).toContain(`http://localhost:${port}/v1`);
    expect(await statusOf('/health/ready')).toBe(200);

    const command = /curl -s [^\n]*\\\n[^\n]*/.exec(printed)?.[0] ?? '';
    expect(JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' }))).toMatchObject({
      name: 'My first ledger',
    });
    // and again, as people do
    expect(JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' }))).toMatchObject({
      name: 'My first ledger',
    });
  }, 60_000);

  it('recovers by itself after kill -9, and stops everything on Ctrl-C', async () => {
    await stop('SIGKILL');
    const orphans = processes();
    expect(isRunning(orphans.postgres)).toBe(true);
    expect(isRunning(orphans.redis)).toBe(true);

    await start();
    expect(await statusOf('/health/ready')).toBe(200);
    const now = processes();
    expect(isRunning(orphans.application)).toBe(false);
    expect(Object.values(now).map(isRunning)).toEqual([true, true, true]);

    expect(await stop('SIGINT')).toBe(0);
    expect(Object.values(now).map(isRunning)).toEqual([false, false, false]);
    expect(existsSync(join(folder, 'launcher.pid'))).toBe(false);
  }, 60_000);

  it('ends with one sentence when the port is taken', async () => {
    const other = createServer().listen(port);
    await expect(start()).rejects.toThrow(`Port ${port} is in use by another program`);
    await new Promise((resolve) => other.close(resolve));
  });

  /** Starts the launcher and waits for its welcome; rejects with all it printed when it ends before. */
  async function start(): Promise<void> {
    const env: NodeJS.ProcessEnv = { ...process.env, PORT: String(port), DAYBOOK_DATA_DIR: folder };
    env.NODE_ENV = 'development';
    for (const name of ['DATABASE_URL', 'DATABASE_MIGRATION_URL', 'REDIS_URL']) env[name] = ''; // as when not set
    launcher = spawn(process.execPath, ['scripts/start.mjs'], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    printed = '';
    for (const stream of [launcher.stdout, launcher.stderr]) stream?.on('data', (data) => (printed += String(data)));
    while (!/curl -s .*\n/.test(printed)) {
      if (launcher.exitCode !== null) throw new Error(printed);
      await sleep(50);
    }
  }

  async function stop(signal: NodeJS.Signals): Promise<number | null> {
    if (launcher.exitCode !== null || launcher.signalCode !== null) return launcher.exitCode;
    const ended = new Promise<number | null>((resolve) => launcher.on('close', resolve));
    launcher.kill(signal);
    return ended;
  }

  function processes(): { application: number; postgres: number; redis: number } {
    const pidIn = (file: string) => Number(readFileSync(join(folder, file), 'utf8').split('\n')[0]);
    return {
      application: pidIn('app.pid'),
      postgres: pidIn('postgres/cluster/postmaster.pid'),
      redis: pidIn('redis/redis.pid'),
    };
  }

  const statusOf = async (path: string) => (await fetch(`http://localhost:${port}${path}`)).status;
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

/** A zombie counts as gone: in a container nobody may reap the children of a killed process. */
function isRunning(pid: number): boolean {
  if (process.platform === 'linux') {
    return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
