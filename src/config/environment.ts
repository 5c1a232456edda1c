import { z } from 'zod';

/** Secrets that a development start falls back to. Production refuses them (see `loadConfig`). */
export const DEVELOPMENT_SECRET = 'development-only-secret-do-not-use-in-production';

const integer = (fallback: number, min = 0, max = Number.MAX_SAFE_INTEGER) =>
  z.coerce.number().int().min(min).max(max).default(fallback);
const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true');
const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((item) => item.trim()))
  .transform((items) => items.filter((item) => item !== ''));
const url = (protocols: RegExp) => z.url({ protocol: protocols });
const POSTGRES = /^postgres(ql)?$/;

/**
 * Every variable that Daybook reads, in the order of `.env.example`, which is generated from this table
 * (`npm run env:example`). The description is what an operator reads there.
 */
export const environmentSchema = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('development | test | production. Production refuses development secrets.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least severe level that is logged (JSON lines on standard output).'),

  HOST: z.string().default('0.0.0.0').describe('Address to listen on.'),
  PORT: integer(3000).describe('Port to listen on.'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address that clients see, without a slash at the end. Default: http://localhost:PORT.'),
  TRUST_PROXY: list.describe(
    'Comma-separated addresses or CIDR ranges of proxies whose X-Forwarded-* headers are believed. Empty: none.',
  ),
  CORS_ORIGINS: list.describe('Comma-separated origins of browsers that may call the API. Empty: none.'),
  BODY_LIMIT_BYTES: integer(1_048_576, 1024).describe('Largest JSON request body, in bytes.'),
  BULK_LIMIT_BYTES: integer(8_388_608, 1024).describe(
    'Largest JSON body of POST …/transactions/bulk, in bytes; lines (application/x-ndjson) have none.',
  ),
  IMPORT_LIMIT_BYTES: integer(268_435_456, 1024).describe('Largest file that an import takes, in bytes.'),
  REQUEST_TIMEOUT_MS: integer(15_000, 100).describe(
    'A client that has not sent its headers by then is cut off, and so is one that takes as long again for a JSON body.',
  ),
  REQUEST_DEADLINE_MS: integer(10_000, 100).describe(
    'A request that is there is answered by then, whatever hangs: 503, with the code outcome-unknown where it may have been carried out.',
  ),
  UPLOAD_TIMEOUT_MS: integer(900_000, 100).describe(
    'A file that an import takes, and a request with many postings, has to arrive and be answered by then.',
  ),
  SHUTDOWN_TIMEOUT_MS: integer(30_000, 100).describe('After SIGTERM the process is gone by then, drained or not.'),
  METRICS_TOKEN: z
    .string()
    .min(16)
    .optional()
    .describe('Bearer token that /metrics asks for. Unset: /metrics is open, so keep it off the public network.'),
  API_DOCS: z
    .enum(['true', 'false'])
    .optional()
    .transform((text) => (text === undefined ? undefined : text === 'true'))
    .describe(
      'true: /docs, /reference and /openapi.json are served. Default: true, in production false; /problems always is.',
    ),
  TENANT_HEADER: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .default('x-tenant-id')
    .describe('Header (lower case) by which a person who belongs to several tenants chooses one.'),

  DATABASE_URL: url(POSTGRES).describe(
    'PostgreSQL >= 15, as the role daybook_app. A role that could bypass row-level security is refused.',
  ),
  DATABASE_DIRECT_URL: url(POSTGRES)
    .optional()
    .describe(
      'The same login past a pooler that works by transactions (PgBouncer), to hear what other processes revoke. Only needed where DATABASE_URL goes through one.',
    ),
  DATABASE_MIGRATION_URL: url(POSTGRES)
    .optional()
    .describe('The same database as the role daybook_migrator. Only `cli.js migrate` and `cli.js bootstrap` read it.'),
  DATABASE_ADMIN_URL: url(POSTGRES)
    .optional()
    .describe(
      'A superuser of the server, or a role with CREATEROLE and CREATEDB. Only `cli.js bootstrap` reads it: it makes the roles and the database.',
    ),
  DATABASE_POOL_SIZE: integer(10, 1).describe('Connections per process.'),
  DATABASE_POOL_TIMEOUT_MS: integer(2_000, 1).describe('How long a request waits for a connection before it gets 503.'),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(5_000, 1).describe('Longest single statement.'),
  DATABASE_LOCK_TIMEOUT_MS: integer(2_000, 1).describe('Longest wait for a lock.'),
  DATABASE_TRANSACTION_TIMEOUT_MS: integer(8_000, 1).describe(
    'Longest transaction; the connection is given up then, so that a server that hangs holds nobody. Exports and verifications may last longer.',
  ),
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: integer(10_000, 1).describe('A transaction that is idle this long is ended.'),

  REDIS_URL: url(/^rediss?$/).describe('Redis >= 6 (or Valkey), maxmemory-policy noeviction.'),
  REDIS_PREFIX: z
    .string()
    .regex(/^[a-z0-9:-]+$/)
    .default('daybook')
    .describe('Prefix of every key, so that installations can share a server.'),

  APP_SECRETS: z
    .string()
    .min(32, 'must have at least 32 characters')
    .default(DEVELOPMENT_SECRET)
    .describe(
      'Comma-separated secrets of 32 characters or more; the first seals, all open. Cursors and stored signing keys depend on them. Production must set its own.',
    ),
  TOKEN_AUDIENCE: z.string().default('daybook').describe('`aud` of access tokens.'),
  ACCESS_TOKEN_SECONDS: integer(300, 10, 300).describe('Life of an access token; 300 at the most.'),
  REFRESH_TOKEN_IDLE_SECONDS: integer(14 * 86_400, 60).describe('A session that is not refreshed for this long ends.'),
  REFRESH_TOKEN_MAX_SECONDS: integer(90 * 86_400, 60).describe('A session ends after this long, used or not.'),
  REFRESH_TOKEN_AGAIN_SECONDS: integer(10, 0, 30).describe(
    'A refresh token that comes twice within this time gets the answer of the first time again: the answer was lost, or there are two tabs. 0: it ends the session.',
  ),
  PASSWORD_HASH_CONCURRENCY: integer(2, 1).describe('Password hashes computed at once (64 MiB each).'),
  PASSWORD_HASH_QUEUE: integer(32, 0).describe('Sign-ins that may wait for a hash; beyond it: 503 with Retry-After.'),

  THROTTLE_LIMIT: integer(100, 1).describe('Requests per window and credential (per address without one).'),
  THROTTLE_KEY_LIMIT: integer(6_000, 1).describe('Requests per window and API key that has no quota of its own.'),
  THROTTLE_TENANT_LIMIT: integer(60_000, 1).describe(
    'Requests per window of all credentials of a tenant together: the ceiling over their quotas.',
  ),
  THROTTLE_WINDOW_SECONDS: integer(60, 1).describe('Length of that window.'),
  THROTTLE_SIGN_IN_LIMIT: integer(5, 1).describe('Sign-in attempts per window and address, and per e-mail.'),

  WORKER_IN_PROCESS: flag(false).describe('true: the HTTP process runs jobs too (what `npm start` does).'),
  WORKER_PORT: integer(3001).describe('Port of worker.js for /health/live, /health/ready and /metrics, on HOST.'),
  JOBS_CONCURRENCY: integer(4, 1).describe('Jobs that one worker process runs at once.'),
  JOBS_TENANT_CONCURRENCY: integer(2, 1).describe('Jobs of one tenant that run at once, over all worker processes.'),
  JOBS_SWEEP_INTERVAL_MS: integer(5_000, 50).describe(
    'How often the sweeper looks for jobs that are due or were lost.',
  ),
  JOBS_LEASE_MS: integer(30_000, 100).describe('A running job whose worker gave no sign for this long is run again.'),

  ENGINE_BATCH_COMMANDS: integer(500, 1).describe('Most postings in one commit.'),
  ENGINE_BATCH_ENTRIES: integer(10_000, 1).describe(
    'Most entries in one commit; a larger transaction is one by itself.',
  ),
  ENGINE_QUEUE_COMMANDS: integer(5_000, 1).describe(
    'Postings that may wait per ledger; beyond it: 503 with Retry-After.',
  ),
  ENGINE_DUE_INTERVAL_MS: integer(300, 20, 1_000).describe(
    'How often a worker looks for holds that have expired and scheduled transactions whose time has come.',
  ),
  LEDGER_CHECKPOINT_SECONDS: integer(3_600, 0).describe(
    'A ledger that has moved gets a signed checkpoint when its last one is this old. 0: only on demand and by schedules.',
  ),
  LEDGER_VERIFY_SECONDS: integer(86_400, 0).describe(
    'A ledger is verified when its last verification is this old. 0: only on demand and by schedules.',
  ),
  IDEMPOTENCY_RETENTION_DAYS: integer(30, 1).describe('How long an Idempotency-Key is remembered.'),
});

export type Environment = z.infer<typeof environmentSchema>;
