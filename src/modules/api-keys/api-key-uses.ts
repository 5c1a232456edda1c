import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { requestContext } from '../../platform/context/request-context';

/** A key that is used all the time is noted once a minute. */
const EVERY_MS = 60_000;
const FLUSH_MS = 5_000;
/** Keys whose uses wait to be written, or are known to be written: more are noted less exactly. */
const CAPACITY = 10_000;

const NOTE = `
  UPDATE api_keys k SET last_used_at = tenant_now(), last_used_from = u.address
    FROM unnest($1::uuid[], $2::text[]) AS u (id, address)
   WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < tenant_now())`;

/** Notes when keys were last used, beside the requests: a request neither waits for it nor fails with it. */
@Injectable()
export class ApiKeyUses implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(ApiKeyUses.name);
  private readonly noted = new Map<string, number>();
  /** By tenant: addresses by key. */
  private waiting = new Map<string, Map<string, string>>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly database: TenantDatabase) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  note(tenantId: string, keyId: string, address: string): void {
    const now = performance.now();
    const last = this.noted.get(keyId);
    if (last !== undefined && now - last < EVERY_MS) return;
    if (this.noted.size >= CAPACITY) this.noted.clear();
    this.noted.set(keyId, now);
    const keys = this.waiting.get(tenantId) ?? new Map<string, string>();
    this.waiting.set(tenantId, keys.set(keyId, address));
  }

  /** Writes what was noted; what cannot be written is forgotten. */
  flush(): Promise<void> {
    this.writing = this.writing.then(() => requestContext.outside(() => this.write()));
    return this.writing;
  }

  private async write(): Promise<void> {
    const waiting = this.waiting;
    this.waiting = new Map();
    for (const [tenantId, keys] of waiting)
      await this.database
        .run(tenantId, 'write', ({ client }) => client.query(NOTE, [[...keys.keys()], [...keys.values()]]))
        .catch((error: unknown) => {
          this.logger.warn({ msg: 'the last use of API keys could not be noted', tenantId, err: error });
        });
  }
}
