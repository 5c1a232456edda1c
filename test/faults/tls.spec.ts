import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import Redis from 'ioredis';
import { Client } from 'pg';
import { type AppProcess, startAppProcess } from '../support/app-process';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { describeUnless } from '../support/leave-out';
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from '../support/own-servers';
import { runCli } from '../support/run-script';
import { asSuperuser } from '../support/worker';
import { until } from '../../src/testing/until';

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

function missing(): string | undefined {
  try {
    openssl('version');
    return undefined;
  } catch {
    return 'openssl is not installed';
  }
}

/** An authority, and the certificate that it gives `localhost`. */
function makeCertificates(folder: string, authority: string, name = 'localhost'): void {
  const file = (suffix: string) => join(folder, `${authority}.${suffix}`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-subj', `/CN=${authority}`, '-keyout', file('ca.key'), '-out', file('ca.pem'));
  openssl('req', ...key.slice(0, -2), '-subj', `/CN=${name}`, '-keyout', file('key'), '-out', file('csr'));
  openssl(
    ...['x509', '-req', '-in', file('csr'), '-days', '2', '-out', file('pem')],
    ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('san')],
  );
}

describeUnless(missing(), 'PostgreSQL and Redis that are reached by TLS only', () => {
  let folder: string;
  let postgres: OwnPostgres;
  let database: TestDatabase;
  let redis: OwnRedis;
  let redisUrl: string;
  const processes: AppProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daybook-tls-'));
    for (const authority of ['ours', 'another']) {
      await writeFile(join(folder, `${authority}.san`), 'subjectAltName=DNS:localhost\n');
      makeCertificates(folder, authority);
    }
    postgres = await startOwnPostgres();
    database = await createTestDatabase();
    await turnOn();
    redis = await startOwnRedis();
    redisUrl = await secondPort(redis.url);
  }, 120_000);
  afterEach(async () => {
    for (const each of processes.splice(0)) await each.kill();
  });
  afterAll(async () => {
    await database.drop();
    await Promise.all([postgres.remove(), redis.remove()]);
    await rm(folder, { recursive: true });
  });

  /** The server's own settings: no login of ours comes in without TLS. */
  async function turnOn(): Promise<void> {
    const [{ data_directory: data } = { data_directory: '' }] = await asSuperuser<{ data_directory: string }>(
      database,
      'SHOW data_directory',
    );
    const { uid, gid } = await stat(data);
    for (const name of ['key', 'pem']) {
      const file = join(data, `server.${name}`);
      await copyFile(join(folder, `ours.${name}`), file);
      await chown(file, uid, gid);
    }
    const rules = await readFile(join(data, 'pg_hba.conf'), 'utf8');
    await writeFile(
      join(data, 'pg_hba.conf'),
      `host all postgres 127.0.0.1/32 scram-sha-256\n${rules.replace(/^host /gm, 'hostssl ')}`,
    );
    const admin = new Client({ connectionString: database.adminUrl });
    await admin.connect();
    for (const [name, value] of [
      ['ssl_cert_file', 'server.pem'],
      ['ssl_key_file', 'server.key'],
      ['ssl', 'on'],
    ])
      await admin.query(`ALTER SYSTEM SET ${name} = '${value}'`);
    await admin.query('SELECT pg_reload_conf()');
    await admin.end();
    await until('it speaks TLS', async () => (await asSuperuser(database, 'SHOW ssl')).some((row) => 'ssl' in row));
  }

  /** Of Redis, for TLS. */
  async function secondPort(address: string): Promise<string> {
    const url = new URL(address);
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const client = new Redis(address);
    for (const [name, value] of [
      ['tls-cert-file', join(folder, 'ours.pem')],
      ['tls-key-file', join(folder, 'ours.key')],
      ['tls-ca-cert-file', join(folder, 'ours.ca.pem')],
      ['tls-auth-clients', 'no'],
      ['tls-port', String(port)],
    ] as const)
      await client.config('SET', name, value);
    client.disconnect();
    [url.protocol, url.hostname, url.port] = ['rediss:', 'localhost', String(port)];
    return url.href;
  }

  /** As the guide says that a URL asks for TLS. */
  function byTls(url: string, authority = 'ours', host = 'localhost'): string {
    const changed = new URL(url);
    changed.hostname = host;
    changed.search = `?sslmode=verify-full&sslrootcert=${join(folder, `${authority}.ca.pem`)}`;
    return changed.href;
  }

  const environment = () => ({
    NODE_ENV: 'test',
    DATABASE_URL: byTls(database.databaseUrl),
    DATABASE_DIRECT_URL: byTls(database.databaseUrl),
    DATABASE_MIGRATION_URL: byTls(database.migrationUrl),
    DATABASE_ADMIN_URL: byTls(database.adminUrl),
    REDIS_URL: redisUrl,
    NODE_EXTRA_CA_CERTS: join(folder, 'ours.ca.pem'),
  });

  it.each(['bootstrap', 'migrate', 'audit', 'verify'])('%s', async (command) => {
    expect(await runCli([command], environment())).toMatchObject({ code: 0, stderr: '' });
  });

  it('the API and a worker are ready, and none of their connections is in clear', async () => {
    const app = await startAppProcess(environment());
    processes.push(app);
    const worker = await startAppProcess(environment(), 'worker');
    processes.push(worker);
    for (const { url } of processes)
      await until('ready, with Redis', async () => {
        const body = (await (await fetch(`${url}/health/ready`)).json()) as { status: string };
        return body.status === 'ok';
      });
    const connections = await asSuperuser<{ name: string; ssl: boolean }>(
      database,
      `SELECT application_name AS name, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename = 'daybook_app'`,
    );
    expect(connections.length).toBeGreaterThan(3);
    expect(connections.filter(({ ssl }) => !ssl)).toEqual([]);
    expect(app.output() + worker.output()).not.toContain('Warning');
  });

  it.each<[string, () => string, string]>([
    ['an authority that it does not know', () => byTls(database.databaseUrl, 'another'), 'certificate is not accepted'],
    ['another name than the certificate’s', () => byTls(database.databaseUrl, 'ours', '127.0.0.1'), 'not accepted'],
    ['no TLS at all', () => database.databaseUrl, 'refuses the login'],
  ])('with %s it does not start, and says why in one sentence', async (_, url, sentence) => {
    const child = spawn(process.execPath, ['-r', '@swc-node/register', 'src/main.ts'], {
      cwd: join(__dirname, '../..'),
      env: { ...process.env, ...environment(), DATABASE_URL: url(), LOG_LEVEL: 'silent', PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = text(child.stderr);
    const [code] = (await once(child, 'exit')) as [number];
    expect([code, (await said).trim().split('\n')]).toEqual([1, [expect.stringContaining(sentence)]]);
    expect(await runCli(['audit'], { ...environment(), DATABASE_URL: url() })).toMatchObject({ code: 1 });
  });
});
