import { DEVELOPMENT_SECRET, environmentSchema, type Environment } from './environment';

/** The environment is wrong: `problems` has a line per variable. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((line) => `  - ${line}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** The environment, checked and grouped by who needs it. Inject the class: `constructor(private readonly config: Config)`. */
export class Config {
  readonly environment: Environment['NODE_ENV'];
  readonly logs: { readonly level: string };
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Without a slash at the end. */
    readonly publicUrl: string;
    readonly trustProxy: readonly string[];
    readonly corsOrigins: readonly string[];
    readonly bodyLimit: number;
    readonly bulkLimit: number;
    readonly importLimit: number;
    readonly requestTimeoutMs: number;
    readonly deadlineMs: number;
    readonly uploadTimeoutMs: number;
    readonly shutdownTimeoutMs: number;
    readonly tenantHeader: string;
    readonly metricsToken: string | undefined;
    /** Whether the description of the API is served. */
    readonly apiDocs: boolean;
  };
  readonly database: {
    readonly url: string;
    /** Past a pooler. */
    readonly directUrl: string | undefined;
    readonly migrationUrl: string | undefined;
    readonly adminUrl: string | undefined;
    readonly poolSize: number;
    readonly poolTimeoutMs: number;
    readonly statementTimeoutMs: number;
    readonly lockTimeoutMs: number;
    readonly transactionTimeoutMs: number;
    readonly idleTransactionTimeoutMs: number;
  };
  readonly redis: { readonly url: string; readonly prefix: string };
  readonly security: {
    /** The first seals and signs, all open and verify. */
    readonly secrets: readonly string[];
    readonly tokenIssuer: string;
    readonly tokenAudience: string;
    readonly accessTokenSeconds: number;
    readonly refreshIdleSeconds: number;
    readonly refreshMaxSeconds: number;
    readonly refreshAgainSeconds: number;
    readonly hashConcurrency: number;
    readonly hashQueue: number;
  };
  readonly throttle: {
    readonly limit: number;
    readonly keyLimit: number;
    readonly tenantLimit: number;
    readonly windowSeconds: number;
    readonly signInLimit: number;
  };
  readonly jobs: {
    readonly inProcess: boolean;
    /** Where a worker that is a process of its own answers probes. */
    readonly workerPort: number;
    readonly concurrency: number;
    readonly tenantConcurrency: number;
    readonly sweepIntervalMs: number;
    readonly leaseMs: number;
  };
  readonly engine: {
    readonly batchCommands: number;
    readonly batchEntries: number;
    readonly queueCommands: number;
    readonly dueIntervalMs: number;
  };
  /** Seconds; 0 for never. */
  readonly evidence: { readonly checkpointSeconds: number; readonly verifySeconds: number };
  readonly idempotency: { readonly retentionDays: number };

  constructor(env: Environment) {
    const publicUrl = (env.PUBLIC_URL ?? `http://localhost:${env.PORT}`).replace(/\/+$/, '');
    this.environment = env.NODE_ENV;
    this.logs = { level: env.LOG_LEVEL };
    this.http = {
      host: env.HOST,
      port: env.PORT,
      publicUrl,
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
      bodyLimit: env.BODY_LIMIT_BYTES,
      bulkLimit: env.BULK_LIMIT_BYTES,
      importLimit: env.IMPORT_LIMIT_BYTES,
      requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
      deadlineMs: env.REQUEST_DEADLINE_MS,
      uploadTimeoutMs: env.UPLOAD_TIMEOUT_MS,
      shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
      tenantHeader: env.TENANT_HEADER,
      metricsToken: env.METRICS_TOKEN,
      apiDocs: env.API_DOCS ?? env.NODE_ENV !== 'production',
    };
    this.database = {
      url: env.DATABASE_URL,
      directUrl: env.DATABASE_DIRECT_URL,
      migrationUrl: env.DATABASE_MIGRATION_URL,
      adminUrl: env.DATABASE_ADMIN_URL,
      poolSize: env.DATABASE_POOL_SIZE,
      poolTimeoutMs: env.DATABASE_POOL_TIMEOUT_MS,
      statementTimeoutMs: env.DATABASE_STATEMENT_TIMEOUT_MS,
      lockTimeoutMs: env.DATABASE_LOCK_TIMEOUT_MS,
      transactionTimeoutMs: env.DATABASE_TRANSACTION_TIMEOUT_MS,
      idleTransactionTimeoutMs: env.DATABASE_IDLE_TRANSACTION_TIMEOUT_MS,
    };
    this.redis = { url: env.REDIS_URL, prefix: env.REDIS_PREFIX };
    this.security = {
      secrets: env.APP_SECRETS.split(',').map((secret) => secret.trim()),
      tokenIssuer: publicUrl,
      tokenAudience: env.TOKEN_AUDIENCE,
      accessTokenSeconds: env.ACCESS_TOKEN_SECONDS,
      refreshIdleSeconds: env.REFRESH_TOKEN_IDLE_SECONDS,
      refreshMaxSeconds: env.REFRESH_TOKEN_MAX_SECONDS,
      refreshAgainSeconds: env.REFRESH_TOKEN_AGAIN_SECONDS,
      hashConcurrency: env.PASSWORD_HASH_CONCURRENCY,
      hashQueue: env.PASSWORD_HASH_QUEUE,
    };
    this.throttle = {
      limit: env.THROTTLE_LIMIT,
      keyLimit: env.THROTTLE_KEY_LIMIT,
      tenantLimit: env.THROTTLE_TENANT_LIMIT,
      windowSeconds: env.THROTTLE_WINDOW_SECONDS,
      signInLimit: env.THROTTLE_SIGN_IN_LIMIT,
    };
    this.jobs = {
      inProcess: env.WORKER_IN_PROCESS,
      workerPort: env.WORKER_PORT,
      concurrency: env.JOBS_CONCURRENCY,
      tenantConcurrency: env.JOBS_TENANT_CONCURRENCY,
      sweepIntervalMs: env.JOBS_SWEEP_INTERVAL_MS,
      leaseMs: env.JOBS_LEASE_MS,
    };
    this.engine = {
      batchCommands: env.ENGINE_BATCH_COMMANDS,
      batchEntries: env.ENGINE_BATCH_ENTRIES,
      queueCommands: env.ENGINE_QUEUE_COMMANDS,
      dueIntervalMs: env.ENGINE_DUE_INTERVAL_MS,
    };
    this.evidence = { checkpointSeconds: env.LEDGER_CHECKPOINT_SECONDS, verifySeconds: env.LEDGER_VERIFY_SECONDS };
    this.idempotency = { retentionDays: env.IDEMPOTENCY_RETENTION_DAYS };
  }
}

/**
 * Reads the environment once.
 * @throws ConfigError with every problem at once, each naming its variable
 */
export function loadConfig(source: Readonly<Record<string, string | undefined>> = process.env): Config {
  // an empty value in a compose file or an .env means "not set"
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => {
        const name = issue.path.join('.');
        return given[name] === undefined ? `${name} is not set` : `${name}: ${issue.message}`;
      });
  const secrets = (given.APP_SECRETS ?? DEVELOPMENT_SECRET).split(',').map((secret) => secret.trim());
  if (secrets.some((secret) => secret.length < 32))
    problems.push('APP_SECRETS: each secret needs 32 characters or more');
  if (given.NODE_ENV === 'production') {
    if (secrets.includes(DEVELOPMENT_SECRET))
      problems.push('APP_SECRETS must be set in production (openssl rand -base64 48)');
    if (!given.PUBLIC_URL) problems.push('PUBLIC_URL must be set in production: tokens and links carry it');
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError([...new Set(problems)]);
  return new Config(parsed.data);
}
