import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type Client } from 'pg';
import { type DataSource } from 'typeorm';
import { Config } from '../../config/config';
import { DatabaseClient } from '../database/database-client';
import { Sessions } from '../database/sessions';
import { currentTransaction } from '../database/tenant-database';
import { WithoutTenant } from '../database/without-tenant';

const CHANNEL = 'daybook_revoked';
/** Longer than any transaction or look-up can take. */
const RECENT_MS = 30_000;
const RETRY_MS = 500;
const HEARING_MS = 2_000;
const PROBE = 'probe ';

/**
 * Tells every process at once that what is known of a session, a person or a tenant may be wrong (AUTH-16): its id goes
 * out by NOTIFY, in the transaction that changes it.
 *
 * Who caches such knowledge asks `epoch` before it looks up and `recently` before it keeps. While this process cannot
 * hear the others there is no epoch, and nothing may be kept.
 */
@Injectable()
@WithoutTenant('announces ids')
export class Revocations implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Revocations.name);
  private readonly recent = new Map<string, number>();
  private readonly listeners: ((id: string) => void)[] = [];
  private client: Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private connections = 0;
  private listening = false;
  private deaf = false;
  private closed = false;

  constructor(
    private readonly config: Config,
    private readonly sessions: Sessions,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): Promise<void> {
    return this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  /** Number of the unbroken time of listening; undefined while there is none. */
  get epoch(): number | undefined {
    return this.listening ? this.connections : undefined;
  }

  /** Calls `listener` with each id that is announced, here or elsewhere. */
  subscribe(listener: (id: string) => void): void {
    this.listeners.push(listener);
  }

  /** True for a while after an announcement: a look-up that began before it may still see the old state. */
  recently(id: string): boolean {
    const at = this.recent.get(id);
    return at !== undefined && performance.now() - at < RECENT_MS;
  }

  /** Announces ids of sessions, persons or tenants when the current transaction commits; in this process already now. */
  async announce(...ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    await currentTransaction().client.query('SELECT pg_notify($1, id) FROM unnest($2::text[]) AS id', [CHANNEL, ids]);
    // the answer to the caller may overtake the notification
    for (const id of ids) this.heard(id);
  }

  private heard(id: string): void {
    const now = performance.now();
    for (const [old, at] of this.recent) {
      if (now - at < RECENT_MS) break;
      this.recent.delete(old);
    }
    // last in the order, too
    this.recent.delete(id);
    this.recent.set(id, now);
    for (const listener of this.listeners) listener(id);
  }

  private async connect(): Promise<void> {
    const { url, directUrl, poolTimeoutMs } = this.config.database;
    if (this.sessions.shared && directUrl === undefined) {
      this.logger.warn(
        'DATABASE_URL goes through a pooler and DATABASE_DIRECT_URL is not set: nothing is remembered of credentials, every request is looked up',
      );
      return;
    }
    const client: Client = new DatabaseClient({
      connectionString: directUrl ?? url,
      application_name: 'daybook-revocations',
      connectionTimeoutMillis: poolTimeoutMs,
      query_timeout: HEARING_MS,
      keepAliveInitialDelayMillis: 10_000,
    });
    this.client = client;
    client.on('notification', ({ payload }) => {
      if (payload && !payload.startsWith(PROBE)) this.heard(payload);
    });
    client.on('end', () => {
      this.lost(client, undefined);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      await this.hearItself(client);
      this.connections += 1;
      this.listening = true;
      if (this.deaf) this.logger.log('hears revocations again');
      this.deaf = false;
    } catch (error) {
      this.lost(client, error);
      void client.end().catch(() => undefined);
    }
  }

  /** A listener that a pooler has made deaf gives no sign of it: what the others are told has to arrive here, too. */
  private async hearItself(client: Client): Promise<void> {
    const word = PROBE + randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const heard = new Promise<void>((resolve, reject) => {
      const seconds = HEARING_MS / 1000;
      timer = setTimeout(reject, HEARING_MS, new Error(`what the database was told did not arrive in ${seconds} s`));
      client.on('notification', ({ payload }) => {
        if (payload === word) resolve();
      });
    });
    try {
      await Promise.all([heard, this.dataSource.query('SELECT pg_notify($1, $2)', [CHANNEL, word])]);
    } finally {
      clearTimeout(timer);
    }
  }

  private lost(client: Client, error: unknown): void {
    if (this.client !== client) return;
    this.listening = false;
    this.client = undefined;
    if (this.closed) return;
    // said once: it is tried again twice a second
    if (!this.deaf) this.logger.warn({ msg: 'hears no revocations; every request is looked up', err: error });
    this.deaf = true;
    this.retry = setTimeout(() => void this.connect(), RETRY_MS).unref();
  }
}
