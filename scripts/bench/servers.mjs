import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, stopPostgres } from '../services/postgres.mjs';
import { run } from '../services/processes.mjs';
import { startRedis, stopRedis } from '../services/redis.mjs';
import { built } from '../setup/project.mjs';

/** One PostgreSQL with `fsync` on and one Redis, migrated and empty, for the whole report. */
export async function startServers() {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bench-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user, who must get in
  const stop = async () => {
    await Promise.allSettled([
      stopPostgres({ folder: join(folder, 'postgres') }),
      stopRedis({ folder: join(folder, 'redis') }),
    ]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [postgres, redis] = await Promise.all([
      startPostgres({ folder: join(folder, 'postgres'), durable: true, maxConnections: 200 }),
      startRedis({ folder: join(folder, 'redis'), durable: false }),
    ]);
    const as = (role) => {
      const url = new URL(postgres.adminUrl);
      Object.assign(url, { username: role, password: randomBytes(9).toString('hex'), pathname: '/daybook' });
      return url.href;
    };
    const adminUrl = Object.assign(new URL(postgres.adminUrl), { pathname: '/daybook' }).href;
    const env = {
      NODE_ENV: 'development',
      LOG_LEVEL: 'info',
      DATABASE_URL: as('daybook_app'),
      DATABASE_MIGRATION_URL: as('daybook_migrator'),
      REDIS_URL: redis.url,
      // the report measures work, not refusals
      THROTTLE_LIMIT: '1000000000',
      THROTTLE_KEY_LIMIT: '1000000000',
      THROTTLE_TENANT_LIMIT: '1000000000',
      THROTTLE_SIGN_IN_LIMIT: '1000000',
    };
    let login;
    for (const command of ['bootstrap', 'migrate', 'seed']) {
      const { code, output } = await run(process.execPath, [built('cli'), command], {
        env: { ...process.env, ...env, DATABASE_ADMIN_URL: postgres.adminUrl },
      });
      if (code !== 0) throw new Error(`cli ${command}: ${output}`);
      if (command === 'seed') login = JSON.parse(output.trim().split('\n').at(-1));
    }
    return { env, adminUrl, login, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
