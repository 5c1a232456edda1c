import { Injectable, Logger } from '@nestjs/common';
import { type Client } from 'pg';
import { DatabaseClient } from './database-client';
import { errorCode } from './database-errors';

/** A pooler that lends its connections by turns gives itself away long before. */
const ROUNDS = 10;
const PATIENCE_MS = 5_000;

/** What stands between us and the server cannot be worked through. */
export class UnusablePoolerError extends Error {
  constructor(detail: string) {
    super(`Refusing: ${detail} (docs/guides/operator.md, Poolers).`);
    this.name = 'UnusablePoolerError';
  }
}

/**
 * Whether what we say to a connection stays with it, or a pooler (PgBouncer, pgcat, Odyssey, Supavisor) hands each
 * transaction to whichever connection is free. Then no statement is prepared by name, the settings that we depend on
 * are set in each transaction, and nothing can be heard on such a connection.
 */
@Injectable()
export class Sessions {
  private readonly logger = new Logger(Sessions.name);
  private shared_ = false;

  /** Known once the application has connected. */
  get shared(): boolean {
    return this.shared_;
  }

  /** @throws UnusablePoolerError of a pooler that knows no transactions */
  async probe(connectionString: string): Promise<void> {
    this.shared_ = await areShared(connectionString);
    if (this.shared_)
      this.logger.log('DATABASE_URL goes through a pooler that shares sessions: no statement is prepared by name');
  }
}

/** @throws UnusablePoolerError of a pooler that knows no transactions */
export async function areShared(connectionString: string): Promise<boolean> {
  const open = (): Client =>
    new DatabaseClient({
      connectionString,
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      application_name: 'daybook-probe',
    });
  const [one, other] = [open(), open()];
  try {
    await one.connect();
    // who is in between makes up the number that a server would tell
    if ((one as Client & { processID: number }).processID === (await serverOf(one))) return false;
    await other.connect();
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = await serverOf(one);
      await begin(other);
      const taken = await serverOf(other);
      // asked last: a pooler that has but one connection would have nothing left to answer with
      if (taken === before || (await serverOf(one)) !== before) return true;
      await other.query('COMMIT');
    }
    return false;
  } finally {
    await Promise.all([one, other].map((client) => client.end().catch(() => undefined)));
  }
}

async function begin(client: Client): Promise<void> {
  try {
    await client.query('BEGIN');
  } catch (error) {
    // 08P01 protocol violation: what PgBouncer says in statement mode
    if (errorCode(error) !== '08P01') throw error;
    throw new UnusablePoolerError(
      'the database is behind a pooler that allows no transactions; it has to pool by transaction, or by session',
    );
  }
}

async function serverOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}
