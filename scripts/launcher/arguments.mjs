import { resolve } from 'node:path';
import { Problem } from '../setup/problem.mjs';
import { root } from '../setup/project.mjs';

export const usage = `npm start               start Daybook, on http://localhost:3000
npm start -- --fresh    the same, after deleting the data of the embedded servers
npm start -- --help     this text

PORT                                    another port than 3000
DATABASE_URL, DATABASE_MIGRATION_URL    a PostgreSQL of yours instead of the embedded one
REDIS_URL                               a Redis of yours instead of a private one
DAYBOOK_DATA_DIR                        another place than .data for the embedded servers' data`;

/** Everything that the person may choose, checked before anything is started. */
export function readChoices(args, env) {
  const unknown = args.find((argument) => argument !== '--fresh' && argument !== '--help');
  if (unknown) throw new Problem(`npm start does not know ${unknown}.\n\n${usage}`);
  if (process.platform === 'win32') {
    throw new Problem('On Windows, run this inside WSL (`wsl --install`), or use docker compose up.');
  }
  const port = Number(env.PORT || 3000);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Problem(`PORT must be a number from 1 to 65535, and is "${env.PORT}".`);
  }
  return {
    help: args.includes('--help'),
    fresh: args.includes('--fresh'),
    port,
    dataFolder: resolve(root, env.DAYBOOK_DATA_DIR || '.data'),
    database: externalDatabase(env),
    redisUrl: env.REDIS_URL || null,
  };
}

function externalDatabase(env) {
  const { DATABASE_URL: url, DATABASE_MIGRATION_URL: migrationUrl } = env;
  if (url && migrationUrl) return { url, migrationUrl };
  if (!url && !migrationUrl) return null;
  throw new Problem(
    url
      ? 'DATABASE_URL is set but DATABASE_MIGRATION_URL is not: set it to the login that may change the schema, or unset both to use the embedded PostgreSQL.'
      : 'DATABASE_MIGRATION_URL is set but DATABASE_URL is not: set it to the login of the application, or unset both to use the embedded PostgreSQL.',
  );
}
