import { hash } from '@node-rs/argon2';
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../services/ports.mjs';
import { startPostgres, stopPostgres } from '../services/postgres.mjs';
import { run, within } from '../services/processes.mjs';
import { startRedis, stopRedis } from '../services/redis.mjs';
import { root } from '../setup/project.mjs';

const SOURCES = ['-r', '@swc-node/register'];
const PASSWORD = 'violet marmot juggling teacups';

/** Servers of its own, migrated, with tenants whose jobs are to be followed. */
export async function setStage({ tenants, jobsPerTenant }) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-soak-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user, who must get in
  const [postgres, redis] = await Promise.all([
    startPostgres({ folder: join(folder, 'postgres'), durable: false }),
    startRedis({ folder: join(folder, 'redis'), durable: false }),
  ]);
  const login = (user) => {
    const url = new URL(postgres.adminUrl);
    [url.username, url.password, url.pathname] = [user, randomBytes(12).toString('hex'), '/daybook'];
    return url.href;
  };
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    // the report says how each stream ended
    LOG_LEVEL: 'fatal',
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://localhost:3000',
    DATABASE_URL: login('daybook_app'),
    REDIS_URL: redis.url,
    THROTTLE_LIMIT: '1000000',
    THROTTLE_TENANT_LIMIT: '1000000',
    THROTTLE_SIGN_IN_LIMIT: '1000000',
  };
  const operator = { ...env, DATABASE_ADMIN_URL: postgres.adminUrl, DATABASE_MIGRATION_URL: login('daybook_migrator') };
  for (const command of ['bootstrap', 'migrate']) {
    const { code, output } = await run(process.execPath, [...SOURCES, 'src/cli.ts', command], {
      cwd: root,
      env: operator,
    });
    if (code !== 0) throw new Error(output);
  }
  const admin = new pg.Client({ connectionString: postgres.adminUrl.replace(/\/postgres$/, '/daybook') });
  await admin.connect();
  const books = await people(admin, tenants, jobsPerTenant);
  return {
    env,
    admin,
    books,
    remove: async () => {
      await admin.end();
      await stopPostgres({ folder: join(folder, 'postgres') });
      await stopRedis({ folder: join(folder, 'redis') });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Jobs that run nowhere: whoever moves them is the soak itself, so that it knows how far each one is. */
async function people(admin, tenants, jobsPerTenant) {
  const passwordHash = await hash(PASSWORD, { memoryCost: 65_536, timeCost: 3, parallelism: 4 });
  const books = [];
  for (let number = 0; number < tenants; number += 1) {
    const [tenantId, userId] = [randomUUID(), randomUUID()];
    const email = `soak-${number}@test.example`;
    await admin.query(`INSERT INTO tenants (id, name, slug, settings) VALUES ($1, 'Soak', $2, '{}')`, [
      tenantId,
      `soak-${number}`,
    ]);
    await admin.query(`INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, 'Soak', $3)`, [
      userId,
      email,
      passwordHash,
    ]);
    await admin.query(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'owner')`, [tenantId, userId]);
    const { rows } = await admin.query(
      `INSERT INTO jobs (tenant_id, id, kind, payload, state, attempts, max_attempts, trace_id, lease_until)
       SELECT $1, gen_random_uuid(), 'soak', '{}', 'running', 1, 1, repeat('a', 32), now() + interval '1 day'
       FROM generate_series(1, $2::int) RETURNING id`,
      [tenantId, jobsPerTenant],
    );
    books.push({ tenantId, email, password: PASSWORD, jobIds: rows.map(({ id }) => id) });
  }
  return books;
}

/** The application from its sources, on a port that it keeps over restarts. */
export async function startProcess(env) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child;
  const start = async () => {
    child = spawn(process.execPath, [...SOURCES, 'src/main.ts'], {
      cwd: root,
      env: { ...env, PORT: String(port) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const up = () =>
      fetch(`${url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    if (!(await within(60_000, async () => child.exitCode !== null || (await up()), 200)) || child.exitCode !== null)
      throw new Error('the application did not start');
  };
  const end = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    return child.exitCode;
  };
  await start();
  return { url, start, end };
}
