import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, stopPostgres } from '../services/postgres.mjs';
import { commandLine, run } from '../services/processes.mjs';
import { startRedis, stopRedis } from '../services/redis.mjs';
import { startPgBouncer, stopPgBouncer } from '../services/pgbouncer.mjs';

const prefix = 'daybook-test-';

/**
 * Once per Jest run: one PostgreSQL and one Redis for all integration tests, and a migrated template database that
 * every test file copies (see database.ts), which takes a tenth of a second where migrating takes one or more.
 *
 * The workers learn of it through the environment. With TEST_POSTGRES_ADMIN_URL and TEST_REDIS_URL set from outside,
 * those servers are used and left running: a fast loop for whoever works on one test.
 *
 * This file stays plain JavaScript: Jest would load a TypeScript one through its own transform.
 */
export default async function setUp(_globalConfig, { rootDir }) {
  if (!process.env.TEST_POSTGRES_ADMIN_URL || !process.env.TEST_REDIS_URL) {
    await sweepAbandoned();
    const folder = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
    await chmod(folder, 0o755); // as root, PostgreSQL runs as another user, who must get in
    globalThis.daybookTestServices = folder;
    // Jest runs no teardown when it is interrupted
    for (const name of ['SIGINT', 'SIGTERM']) {
      process.once(name, () => void stopServices(folder).finally(() => process.exit(1)));
    }
    const [postgres, redis] = await Promise.all([
      startPostgres({ folder: join(folder, 'postgres'), durable: false, maxConnections: 200 }),
      startRedis({ folder: join(folder, 'redis'), durable: false, databases: 64 }),
    ]);
    process.env.TEST_POSTGRES_ADMIN_URL = postgres.adminUrl;
    process.env.TEST_REDIS_URL = redis.url;
  }
  await migrateTemplate(rootDir);
  if (process.env.TEST_PGBOUNCER) await goThroughPgBouncer();
}

/** The application's login, through a pooler that shares connections; whoever arranges or looks goes past it. */
async function goThroughPgBouncer() {
  const direct = process.env.TEST_DATABASE_URL;
  const { url } = await startPgBouncer({ folder: join(globalThis.daybookTestServices, 'pgbouncer'), url: direct });
  Object.assign(process.env, { TEST_DATABASE_URL: url, TEST_DATABASE_DIRECT_URL: direct });
}

/** Stops what {@link setUp} started; called by global-teardown.mjs, which Jest runs in the same process. */
export async function stopServices(folder) {
  await stopPgBouncer({ folder: join(folder, 'pgbouncer') });
  await Promise.all([stopPostgres({ folder: join(folder, 'postgres') }), stopRedis({ folder: join(folder, 'redis') })]);
  await rm(folder, { recursive: true, force: true });
}

/** A run that was killed leaves its servers behind; its pid is in the folder's name. */
async function sweepAbandoned() {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const owner = Number(name.slice(prefix.length).split('-')[0]);
    // a number given to another program since is no reason to keep it: only a Jest run is
    if (/jest/.test((await commandLine(owner)) ?? '')) continue;
    await stopServices(join(tmpdir(), name)).catch(() => undefined); // another user's
  }
}

/** @param root the project whose features are tested: this one, or one that builds on it */
async function migrateTemplate(root) {
  const login = (role) => {
    const url = new URL(process.env.TEST_POSTGRES_ADMIN_URL);
    url.username = role;
    url.password = randomBytes(12).toString('hex');
    url.pathname = '/daybook_template';
    return url.href;
  };
  process.env.TEST_DATABASE_URL = login('daybook_app');
  process.env.TEST_DATABASE_MIGRATION_URL = login('daybook_migrator');
  for (const command of ['bootstrap', 'migrate']) {
    // from the sources, so that what is tested never depends on when somebody last built
    const args = ['-r', '@swc-node/register', 'src/cli.ts', command];
    const { code, output } = await run(process.execPath, args, {
      cwd: root,
      env: {
        ...process.env,
        NODE_ENV: 'test',
        DATABASE_ADMIN_URL: process.env.TEST_POSTGRES_ADMIN_URL,
        DATABASE_URL: process.env.TEST_DATABASE_URL,
        DATABASE_MIGRATION_URL: process.env.TEST_DATABASE_MIGRATION_URL,
        REDIS_URL: process.env.TEST_REDIS_URL,
      },
    });
    if (code !== 0) throw new Error(`cli ${command} failed on the template database:\n${output}`);
  }
}
