import { type Socket } from 'node:net';
import { Client, type ClientConfig, type QueryConfig } from 'pg';

/**
 * What the driver and our SQL depend on, however the server, the database or the role is set. Values are of
 * `set_config`; settings that a server's version does not have are passed over.
 */
export const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  // how values come over the wire: the driver reads one form of each
  ['datestyle', 'ISO, MDY'],
  ['intervalstyle', 'postgres'],
  ['timezone', 'UTC'],
  ['bytea_output', 'hex'],
  ['extra_float_digits', '1'],
  // how our texts are read
  ['standard_conforming_strings', 'on'],
  ['array_nulls', 'on'],
  ['transform_null_equals', 'off'],
  ['quote_all_identifiers', 'off'],
  ['search_path', 'public'],
  // what a statement sees, and how it ends
  ['default_transaction_isolation', 'read committed'],
  ['row_security', 'on'],
  ['gin_fuzzy_search_limit', '0'],
  ['exit_on_error', 'off'],
  // short statements with plans that are kept: compiling one costs more than a hundred runs of it
  ['jit', 'off'],
  ['plan_cache_mode', 'auto'],
  // limits of time are each transaction's own; a connection may be idle, or listen, for as long as it likes
  ['statement_timeout', '0'],
  ['lock_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['idle_session_timeout', '0'],
  ['transaction_timeout', '0'],
];

/** A server that acknowledges before it has written would make 201 a promise that nobody keeps. Stricter levels stay. */
const DURABLE = `SELECT set_config('synchronous_commit', 'on', LOCAL) WHERE current_setting('synchronous_commit') = 'off'`;

const statementFor = (local: boolean): string =>
  [
    `SELECT ${SETTINGS.filter(([name]) => name !== 'transaction_timeout')
      .map(([name, value]) => `set_config('${name}', '${value}', ${local})`)
      .join(', ')}`,
    // PostgreSQL 17 and later
    `SELECT set_config('transaction_timeout', '0', ${local}) WHERE current_setting('transaction_timeout', true) IS NOT NULL`,
    DURABLE.replace('LOCAL', String(local)),
  ].join('; ');

const SESSION = statementFor(false);

/** As text for the beginning of a transaction, where the session is not ours alone. */
export const LOCAL_SETTINGS = statementFor(true);

export interface DatabaseClientConfig extends ClientConfig {
  /** `shared`: a pooler gives each transaction another connection, so nothing that outlives a transaction is left there. */
  readonly sessions?: { readonly shared: boolean };
}

/** A connection as all of ours are: with {@link SETTINGS}, and without named statements where sessions are shared. */
export class DatabaseClient extends Client {
  private readonly sessions: DatabaseClientConfig['sessions'];

  constructor(config: DatabaseClientConfig = {}) {
    super({ keepAlive: true, ...config });
    this.sessions = config.sessions;
    // a server that ends a connection can say so more than once; the second time nobody listens any more and Node would
    // end the process. The query in progress gets the error in any case
    this.on('error', () => undefined);
  }

  override connect(): Promise<this>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<this> | undefined {
    const ready = super
      .connect()
      .then(() => (this.sessions?.shared ? undefined : super.query(SESSION)))
      .then(() => this);
    if (!callback) return ready;
    ready.then(
      () => {
        callback(undefined as unknown as Error);
      },
      (error: unknown) => {
        callback(error as Error);
      },
    );
    return undefined;
  }

  /** Gives the connection up without a word to the server, which may be past hearing it: what waits for it fails. */
  abandon(): void {
    (this as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
  }

  /** As pg's, whose overloads stand: callers know a connection as pg's `Client` or `PoolClient`. */
  override query(...[query, ...rest]: unknown[]): never {
    const named = this.sessions?.shared && (query as QueryConfig | undefined)?.name !== undefined;
    const args = named ? [{ ...(query as QueryConfig), name: undefined }, ...rest] : [query, ...rest];
    return super.query(...(args as [string])) as unknown as never;
  }
}
