import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { debianPostgresql } from '../support/debian-postgresql';
import { describeUnless } from '../support/leave-out';
import { newFolder, type OwnRedis, service, startOwnRedis } from '../support/own-servers';
import { freePort } from '../support/free-port';
import { until } from '../../src/testing/until';

const root = join(__dirname, '../..');
const guide = readFileSync(join(root, 'docs/guides/operator.md'), 'utf8');

/** Its commands, under the heading that they stand below. */
const blocks = [...guide.matchAll(/^#+ (.*)$|^```sh\n([^]*?)^```$/gm)].reduce<{ heading: string; script: string }[]>(
  (found, [, heading, script]) => {
    if (heading !== undefined) found.push({ heading, script: '' });
    else found.push({ heading: found.at(-1)?.heading ?? '', script: script ?? '' });
    return found;
  },
  [],
);
const scriptsOf = (heading: string) =>
  blocks.filter((block) => block.heading === heading && block.script !== '').map(({ script }) => script);

const missing = debianPostgresql === undefined ? 'Debian’s PostgreSQL is not installed (postgresql)' : undefined;

/** Word for word: what is in capitals in it is the operator's to fill in, and two ports are free ones here. */
describeUnless(missing, 'docs/guides/operator.md, followed on Debian’s PostgreSQL and Redis', () => {
  /** As in the image: what was built, and what it needs. */
  const folder = mkdtempSync(join(tmpdir(), 'daybook-guide-'));
  const clusters: string[] = [];
  const processes: ChildProcess[] = [];
  /** Of the processes that go on. */
  let output = '';
  const ports = { api: 0, worker: 0 };
  let redis: OwnRedis;
  let filledIn: Record<string, string> = {};
  /** What the guide exports, and the commands after it find. */
  let exports = '';
  let password = '';

  beforeAll(async () => {
    const build = `import { build, isBuilt } from './scripts/setup/build.mjs'; if (!(await isBuilt())) await build();`;
    execFileSync(process.execPath, ['--input-type=module', '--eval', build], { cwd: root });
    for (const name of ['dist', 'node_modules', 'package.json']) symlinkSync(join(root, name), join(folder, name));
    [ports.api, ports.worker] = [await freePort(), await freePort()];
    redis = await startOwnRedis();
    filledIn = await newServer();
  }, 120_000);

  afterAll(async () => {
    for (const child of processes) if (child.exitCode === null) child.kill('SIGKILL');
    for (const cluster of clusters) {
      await service('stop-postgres', join(cluster, 'postgres'));
      rmSync(cluster, { recursive: true, force: true });
    }
    await redis.remove();
    rmSync(folder, { recursive: true });
  }, 60_000);

  /** An empty cluster, and what to fill in of it. */
  async function newServer(): Promise<Record<string, string>> {
    const parent = await newFolder();
    clusters.push(parent);
    process.env.POSTGRES_PROGRAMS = debianPostgresql;
    const { adminUrl = '' } = await service('start-postgres', join(parent, 'postgres'));
    const { host, password: admin } = new URL(adminUrl);
    return {
      'DATABASE_HOST:5432': host,
      ADMIN_PASSWORD: admin,
      APP_PASSWORD: 'chosen-for-the-application',
      MIGRATOR_PASSWORD: 'chosen-for-the-migrator',
      'REDIS_HOST:6379': new URL(redis.url).host,
      REDIS_PASSWORD: new URL(redis.url).password,
      'localhost:3000': `localhost:${ports.api}`,
      'localhost:3001': `localhost:${ports.worker}`,
    };
  }

  const fillIn = (script: string) =>
    Object.entries(filledIn).reduce((filled, [word, value]) => filled.replaceAll(word, value), script);

  function start(script: string): ChildProcess {
    const { PATH = '', HOME = '' } = process.env;
    return spawn('bash', ['-euo', 'pipefail', '-c', `${exports}\n${fillIn(script)}`], {
      cwd: folder,
      detached: true,
      // nothing of ours but what is free on this machine
      env: {
        ...{ PATH: `${debianPostgresql}:${PATH}`, HOME },
        ...{ HOST: '127.0.0.1', PORT: String(ports.api), WORKER_PORT: String(ports.worker) },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** As what goes on. In the place of the shell, so that it hears SIGTERM as a container's first process does. */
  function serve(script: string): void {
    const child = start(script.replace(/^node /m, 'exec node '));
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (output += data.toString()));
    processes.push(child);
  }

  /** To its end. @returns what it printed @throws with that when it fails */
  async function run(script: string): Promise<string> {
    const child = start(script);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout as NodeJS.ReadableStream),
      text(child.stderr as NodeJS.ReadableStream),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    if (code !== 0) throw new Error(`${script}\n${stdout}${stderr}`);
    return stdout;
  }

  async function signIn(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${ports.api}/v1/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'you@example.com', password }),
    });
    return answer.status;
  }

  it('names the commands that there are, and leaves out none', async () => {
    const told = new Set([...guide.matchAll(/cli\.js ([a-z:-]+)/g)].map(([, name]) => name));
    const child = spawn(process.execPath, ['dist/cli.js'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const usage = await text(child.stderr);
    const known = [...usage.matchAll(/^ {2}([a-z:-]+) /gm)].map(([, name]) => name);
    expect([...told].sort()).toEqual(known.sort());
  });

  it('Start: from an empty server to an administrator', async () => {
    const [settings = '', commands = '', ...others] = scriptsOf('Start');
    expect(others).toHaveLength(3);
    // a secret that is made anew by each command would be another one each time
    const secret = execFileSync('bash', ['-c', 'openssl rand -base64 48']).toString().trim();
    exports = fillIn(settings).replace('"$(openssl rand -base64 48)"', `'${secret.replaceAll('\n', '')}'`);
    const printed = await run(commands);
    expect(printed).toContain('applied ');
    expect(printed).toContain('nothing found');
    password = /password: (\S+)/.exec(printed)?.[1] ?? '';
    expect(password).not.toBe('');
  }, 60_000);

  it('Start: the processes, which are ready and let the administrator in', async () => {
    const [, , api = '', worker = '', ask = ''] = scriptsOf('Start');
    for (const script of [api, worker]) {
      expect(script).toContain('unset DATABASE_ADMIN_URL DATABASE_MIGRATION_URL');
      serve(script);
    }
    const answers = await until(
      'both are ready',
      () => {
        if (processes.some(({ exitCode }) => exitCode !== null)) throw new Error(output);
        return run(ask).catch(() => undefined);
      },
      30_000,
    );
    expect(answers.match(/"status":"ok"/g)).toHaveLength(2);
    expect(await signIn()).toBe(200);
  }, 60_000);

  it('Backup and restore: into a new server, and everybody is there', async () => {
    const [backup = '', restore = '', ...others] = scriptsOf('Backup and restore');
    expect(others).toEqual([]);
    await run(backup);
    for (const child of processes) child.kill('SIGTERM');
    await until('Stop: both have ended', () => processes.every(({ exitCode }) => exitCode !== null), 30_000);
    expect(processes.map(({ exitCode }) => exitCode)).toEqual([0, 0]);

    const before = filledIn['DATABASE_HOST:5432'] ?? '';
    const old = filledIn.ADMIN_PASSWORD ?? '';
    filledIn = await newServer();
    exports = exports
      .replaceAll(before, filledIn['DATABASE_HOST:5432'] ?? '')
      .replaceAll(old, filledIn.ADMIN_PASSWORD ?? '');
    expect(await run(restore)).toContain('nothing found');
    const [, , api = '', , ask = ''] = scriptsOf('Start');
    serve(api);
    await until('it is ready', async () => run(ask.split('\n')[0] ?? '').catch(() => undefined), 30_000);
    expect(await signIn()).toBe(200);
  }, 90_000);
});
