import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Pool, type PoolClient, type QueryResult } from 'pg';
import { type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { NIL_UUID, isUuid } from '../../common/ids/uuid';
import { Problem } from '../../common/problems/problem';
import { OUTCOME_UNKNOWN } from '../../common/problems/http.problems';
import { Config } from '../../config/config';
import { requestContext } from '../context/request-context';
import { type DatabaseClient, LOCAL_SETTINGS } from './database-client';
import { poolOptions } from './data-source-options';
import { Sessions } from './sessions';
import { TenantClocks } from './tenant-clocks';
import { connectionLost, databaseProblem, shouldRetry } from './database-errors';
import { uniqueKeys } from './unique-keys';
import { WithoutTenant } from './without-tenant';

/** The tenant of work that belongs to the platform itself: creating tenants, say. No customer has this id. */
export const PLATFORM_TENANT = NIL_UUID;

export type Mode = 'read' | 'write';

export interface Transaction {
  readonly tenantId: string;
  readonly mode: Mode;
  /** TypeORM, bound to this transaction. */
  readonly manager: EntityManager;
  /** The driver's connection, for set-based SQL with prepared statements. */
  readonly client: PoolClient;
  /**
   * When it began, by PostgreSQL's clock, which all processes share, as the tenant's own clock shows it: what is recorded is
   * compared with this. In SQL it is `tenant_now()`.
   */
  readonly now: Date;
  /**
   * Runs `callback` once the COMMIT succeeded, without making the caller wait; never after a rollback. For what may be
   * lost, such as telling another process: a crash in between skips it, and its errors are only logged.
   */
  readonly afterCommit: (callback: () => Promise<void> | void) => void;
}

export interface RunOptions {
  /**
   * Advisory lock taken right after BEGIN, in the same round trip and before the first snapshot; released with the
   * transaction. Two 32-bit integers.
   */
  readonly lock?: readonly [number, number];
  /** `REPEATABLE READ`, for reports that must see one moment. */
  readonly snapshot?: boolean;
  /** Milliseconds; instead of the configured statement timeout. */
  readonly statementTimeoutMs?: number;
  /**
   * Statements are planned once per connection and find rows by index, whatever the statistics say of this tenant: for
   * look-ups by key, whose planning would cost more than they do.
   */
  readonly fixedPlans?: boolean;
  /** It lasts as long as it takes, such as an export: only a server that says nothing at all ends it. */
  readonly unlimited?: boolean;
  /**
   * On a connection that is kept for what must not wait behind others, such as the sign of life of a job: the work itself
   * may have all others. It has no repositories, and whoever uses it asks for no second connection meanwhile.
   */
  readonly reserved?: boolean;
  /** How often deadlocks and serialization failures are run again; default 3. 0 where `work` has effects elsewhere. */
  readonly retries?: number;
}

/** A connection that is ours for a transaction. */
interface Connection {
  readonly client: PoolClient & DatabaseClient;
  readonly manager: EntityManager;
  /** @param broken why nobody may use it any more */
  release(broken: Error | undefined): Promise<void> | void;
}

const current = new AsyncLocalStorage<Transaction>();

/** A repository was used outside `TenantDatabase.run`: it would have no tenant. A defect in the calling code. */
export class NoTransactionError extends Error {
  constructor() {
    super('no transaction: repositories work only inside TenantDatabase.run (docs/decisions/0003-rls-and-roles.md)');
    this.name = 'NoTransactionError';
  }
}

/** Whether the calling code runs in a transaction. */
export function inTransaction(): boolean {
  return current.getStore() !== undefined;
}

/** The transaction that the calling code runs in. @throws NoTransactionError */
export function currentTransaction(): Transaction {
  const transaction = current.getStore();
  if (!transaction) throw new NoTransactionError();
  return transaction;
}

/**
 * The one place that opens transactions, and the one that tells PostgreSQL who the tenant is.
 *
 * Row-level security shows a transaction its tenant's rows and no others; repositories that were injected work inside
 * `work` and throw outside it. GET requests and the like run `read`, which PostgreSQL itself keeps from writing.
 */
@Injectable()
@WithoutTenant('says who the tenant is')
export class TenantDatabase implements OnApplicationShutdown {
  private readonly logger = new Logger(TenantDatabase.name);
  private readonly reserved: Pool;
  private uniqueKeys: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly config: Config,
    private readonly sessions: Sessions,
    private readonly clocks: TenantClocks,
  ) {
    this.reserved = new Pool({ ...poolOptions(config, sessions), max: 1, application_name: 'daybook-reserved' });
    // a connection that breaks while it is idle is made anew when it is needed
    this.reserved.on('error', () => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.reserved.end();
  }

  /**
   * Runs `work` in one transaction of the tenant. `work` may be run again after a deadlock or a serialization failure,
   * so its only effects are in the database.
   *
   * @throws Problem `unavailable` when no connection is to be had, `outcome-unknown` when the connection broke during COMMIT
   */
  async run<T>(
    tenantId: string,
    mode: Mode,
    work: (transaction: Transaction) => Promise<T>,
    options: RunOptions = {},
  ): Promise<T> {
    requestContext.current()?.deadline?.throwIfPassed();
    if (current.getStore()) throw new Error('TenantDatabase.run inside TenantDatabase.run: pass the work on instead');
    const retries = options.retries ?? 3;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.once(tenantId, mode, work, options);
      } catch (error) {
        if (attempt >= retries || !shouldRetry(error)) throw this.problemOf(error, mode);
        await delay(5 + Math.random() * 20 * (attempt + 1));
      }
    }
  }

  /** What a failure of a transaction is to its caller: a problem where it is one of the database, else itself. */
  problemOf(error: unknown, mode: Mode = 'write'): unknown {
    return databaseProblem(error, mode, this.keys()) ?? error;
  }

  /** Once connected: then the metadata of the entities is there. */
  private keys(): ReadonlyMap<string, readonly string[]> {
    return (this.uniqueKeys ??= uniqueKeys(this.dataSource));
  }

  /** As `run`, or joins the transaction of the same tenant that the caller is in already. */
  async join<T>(tenantId: string, mode: Mode, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const open = current.getStore();
    if (!open) return this.run(tenantId, mode, work);
    if (open.tenantId !== tenantId) throw new Error('a transaction of one tenant cannot be joined for another');
    return work(open);
  }

  private async once<T>(
    tenantId: string,
    mode: Mode,
    work: (transaction: Transaction) => Promise<T>,
    options: RunOptions,
  ): Promise<T> {
    const offsetMs = this.clocks.offsetMs(tenantId);
    const begin = this.beginStatement(tenantId, mode, options, offsetMs);
    const connection = options.reserved ? await this.reservedConnection() : await this.pooledConnection();
    const { client } = connection;
    const limit = options.unlimited
      ? undefined
      : setTimeout(() => {
          client.abandon();
        }, this.limitOf(options));
    let broken: Error | undefined;
    try {
      const callbacks: (() => Promise<void> | void)[] = [];
      const afterCommit = (callback: () => Promise<void> | void) => void callbacks.push(callback);
      try {
        const transaction: Transaction = {
          tenantId,
          mode,
          client,
          afterCommit,
          now: momentOf(await client.query(begin), offsetMs),
          get manager() {
            return connection.manager;
          },
        };
        const result = await current.run(transaction, () => work(transaction));
        await this.commit(client, mode);
        for (const callback of callbacks) void this.afterwards(callback);
        return result;
      } catch (error) {
        broken = brokenBy(error);
        if (!broken) await client.query('ROLLBACK').catch((failure: unknown) => (broken = failure as Error));
        throw error;
      }
    } finally {
      clearTimeout(limit);
      await connection.release(broken);
    }
  }

  private async pooledConnection(): Promise<Connection> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as Connection['client'];
      markTransactionOpen(runner, true);
      return {
        client,
        manager: runner.manager,
        release: async (broken) => {
          markTransactionOpen(runner, false);
          // a connection whose state is not known goes out of the pool instead of to the next tenant
          if (broken)
            await (
              runner as unknown as { releasePostgresConnection(error: Error): Promise<void> }
            ).releasePostgresConnection(broken);
          else await runner.release();
        },
      };
    } catch (error) {
      await runner.release();
      throw error;
    }
  }

  private async reservedConnection(): Promise<Connection> {
    const client = (await this.reserved.connect()) as Connection['client'];
    return {
      client,
      get manager(): never {
        throw new Error('the reserved connection has no repositories');
      },
      release: (broken) => {
        client.release(broken);
      },
    };
  }

  /** A statement that may take long has its transaction last a little longer. */
  private limitOf({ statementTimeoutMs = 0 }: RunOptions): number {
    return Math.max(this.config.database.transactionTimeoutMs, statementTimeoutMs + 3_000);
  }

  private async afterwards(callback: () => Promise<void> | void): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.logger.warn({ msg: 'what was to follow a commit failed', err: error });
    }
  }

  private async commit(client: PoolClient, mode: Mode): Promise<void> {
    const deadline = mode === 'write' ? requestContext.current()?.deadline : undefined;
    // the caller was told that nothing was changed, or has to be told from now on that it may be
    deadline?.throwIfPassed();
    deadline?.begins();
    let command: string;
    try {
      command = (await client.query('COMMIT')).command;
    } catch (error) {
      if (!connectionLost(error)) throw error;
      throw new Problem(
        OUTCOME_UNKNOWN,
        'The database connection broke during the commit. Repeat the request with the same Idempotency-Key.',
        {
          cause: error,
          headers: { 'retry-after': '1' },
        },
      );
    }
    // COMMIT of a transaction in which a swallowed statement failed is a ROLLBACK
    if (command !== 'COMMIT')
      throw new Error('the transaction was rolled back at COMMIT: an error inside it was swallowed');
  }

  /** One message, one round trip: BEGIN, tenant, time limits and, with a snapshot of its own after it, the lock. */
  private beginStatement(tenantId: string, mode: Mode, options: RunOptions, offsetMs: number): string {
    // The simple protocol takes no parameters, so values are spliced: a checked UUID, and whole numbers.
    if (!isUuid(tenantId)) throw new Error('the tenant id is not a UUID');
    const { statementTimeoutMs, lockTimeoutMs, idleTransactionTimeoutMs } = this.config.database;
    const statements = [
      `BEGIN ISOLATION LEVEL ${options.snapshot ? 'REPEATABLE READ' : 'READ COMMITTED'} ${mode === 'read' ? 'READ ONLY' : 'READ WRITE'}`,
      ...(this.sessions.shared ? [LOCAL_SETTINGS] : []),
      `SELECT now(), set_config('app.tenant_id', '${tenantId}', true)` +
        `, set_config('statement_timeout', '${Math.trunc(options.statementTimeoutMs ?? statementTimeoutMs)}', true)` +
        `, set_config('lock_timeout', '${Math.trunc(lockTimeoutMs)}', true)` +
        `, set_config('idle_in_transaction_session_timeout', '${Math.trunc(idleTransactionTimeoutMs)}', true)` +
        (offsetMs === 0 ? '' : `, set_config('app.clock_offset', '${Math.trunc(offsetMs)} milliseconds', true)`) +
        (options.fixedPlans
          ? `, set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`
          : ''),
    ];
    if (options.lock) {
      const [space, key] = options.lock;
      statements.push(`SELECT pg_advisory_xact_lock(${Math.trunc(space)}, ${Math.trunc(key)})`);
    }
    return statements.join('; ');
  }
}

/** What BEGIN's own SELECT answered: a text of several statements has a result for each, of which the types know nothing. */
function momentOf(results: unknown, offsetMs: number): Date {
  const rows = (results as readonly QueryResult<{ now?: Date }>[]).map((result) => result.rows[0]);
  const moment = rows.find((row) => row?.now)?.now;
  if (!moment) throw new Error('PostgreSQL did not tell the time');
  return offsetMs === 0 ? moment : new Date(moment.getTime() + offsetMs);
}

/** TypeORM opens a transaction of its own for `save` unless it knows that one is open; then it uses savepoints. */
function markTransactionOpen(runner: QueryRunner, open: boolean): void {
  Object.assign(runner, { isTransactionActive: open, transactionDepth: open ? 1 : 0 });
}

function brokenBy(error: unknown): Error | undefined {
  if (connectionLost(error)) return error as Error;
  if (error instanceof Problem && error.type === OUTCOME_UNKNOWN) return error;
  return undefined;
}
