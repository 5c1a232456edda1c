import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { type Redis } from 'ioredis';
import { type Client } from 'pg';
import { UNAVAILABLE } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { REDIS } from '../../platform/cache/redis.token';
import { DatabaseClient } from '../../platform/database/database-client';
import { missingMigrations } from '../../platform/database/schema-state';
import { Features } from '../../platform/features/features';
import { Lifecycle } from '../../platform/lifecycle/lifecycle';
import { type ReadyResponse } from './dto/health.dto';

/** Probes give up after a second or so; an answer has to come before that. */
const PATIENCE_MS = 800;
/** The next look finds what this one began. */
const CONNECT_PATIENCE_MS = 5_000;
/** A storm of probes costs one look a second. */
const FRESH_MS = 1_000;

type Connection = Client & DatabaseClient;

/** Whether the process can serve. */
@Injectable()
export class HealthService implements OnApplicationShutdown {
  /** Migrations that the database lacks; once it has them all it keeps them. */
  private missing: readonly string[] | undefined;
  private idle: Connection | undefined;
  private known: { readonly at: number; readonly checks: Promise<ReadyResponse['checks']> } | undefined;

  constructor(
    private readonly config: Config,
    private readonly lifecycle: Lifecycle,
    private readonly indicators: HealthIndicatorService,
    private readonly features: Features,
    @Inject(REDIS) private readonly redis: Redis,
  ) {}

  onApplicationShutdown(): void {
    this.forgetIdle();
  }

  /** @throws Problem `unavailable` while the database does not answer or is not migrated, or the process shuts down */
  async ready(): Promise<ReadyResponse> {
    if (this.lifecycle.draining) throw unavailable('The process is shutting down.');
    if (!this.known || performance.now() - this.known.at > FRESH_MS)
      this.known = { at: performance.now(), checks: this.look() };
    const checks = await this.known.checks;
    if (checks.database === 'down') throw unavailable('The database does not answer.');
    if (this.missing !== undefined && this.missing.length > 0)
      throw unavailable(
        `The schema of the database is older than this release; run \`cli.js migrate\`. Missing: ${this.missing.join(', ')}.`,
      );
    return { status: checks.redis === 'up' ? 'ok' : 'degraded', checks };
  }

  private async look(): Promise<ReadyResponse['checks']> {
    const [database, redis] = await Promise.all([
      this.check('database', () => this.reachDatabase()),
      this.check('redis', () => this.redis.ping()),
    ]);
    return { database, redis };
  }

  private async check(name: string, reach: () => Promise<unknown>): Promise<'up' | 'down'> {
    const indicator = this.indicators.check(name);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(reject, PATIENCE_MS, new Error(`${name} is late`));
    });
    const result = await Promise.race([reach(), late]).then(
      () => indicator.up(),
      () => indicator.down(),
    );
    clearTimeout(timer);
    return (result as Record<string, { status: 'up' | 'down' }>)[name]?.status ?? 'down';
  }

  /**
   * A connection of its own: a pool that is busy is no reason to take the process out of service. It is kept, as making
   * one takes several times as long as a question: what is slow and works stays in service.
   */
  private async reachDatabase(): Promise<void> {
    const client = this.idle ?? (await this.connect());
    this.idle = undefined;
    try {
      if (this.missing?.length === 0) await client.query('SELECT 1');
      else
        this.missing = await missingMigrations(
          async (sql) => (await client.query<{ name: string }>(sql)).rows,
          this.features,
        );
    } catch (error) {
      client.abandon();
      throw error;
    }
    // another look may have begun before this one ended
    this.forgetIdle();
    if (this.lifecycle.draining) await client.end();
    else this.idle = client;
  }

  private forgetIdle(): void {
    void this.idle?.end().catch(() => undefined);
    this.idle = undefined;
  }

  private async connect(): Promise<Connection> {
    const client: Connection = new DatabaseClient({
      connectionString: this.config.database.url,
      connectionTimeoutMillis: CONNECT_PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      application_name: 'daybook-health',
    });
    client.on('end', () => {
      if (this.idle === client) this.idle = undefined;
    });
    await client.connect();
    return client;
  }
}

const unavailable = (detail: string) => new Problem(UNAVAILABLE, detail, { headers: { 'retry-after': '1' } });
