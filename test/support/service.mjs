// Starts or stops a server of a test's own: `service.mjs start-postgres FOLDER`. Prints what the start answers, as JSON.
// Jest on Node 20 cannot load the launcher's modules itself.
import { startPostgres, stopPostgres } from '../../scripts/services/postgres.mjs';
import { startRedis, stopRedis } from '../../scripts/services/redis.mjs';
import { startPgBouncer, stopPgBouncer } from '../../scripts/services/pgbouncer.mjs';

const [command, folder, ...args] = process.argv.slice(2);
const commands = {
  // durable: what is acknowledged survives a crash of the server
  'start-postgres': () => startPostgres({ folder, durable: true, maxConnections: 100 }),
  'stop-postgres': () => stopPostgres({ folder }),
  'start-redis': () => startRedis({ folder, durable: false, databases: 64 }),
  'stop-redis': () => stopRedis({ folder }),
  'start-pgbouncer': () => startPgBouncer({ folder, url: args[0], mode: args[1], poolSize: Number(args[2]) }),
  'stop-pgbouncer': () => stopPgBouncer({ folder }),
};
console.log(JSON.stringify((await commands[command]()) ?? {}));
