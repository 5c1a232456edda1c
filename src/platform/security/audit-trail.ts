import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { requestContext } from '../context/request-context';
import { PLATFORM_TENANT, TenantDatabase } from '../database/tenant-database';
import { Metrics } from '../telemetry/metrics';
import { type PrincipalKind } from './principal';

/** One thing that somebody did, or was not allowed to do. Never a secret, nor a whole body. */
export interface AuditEntry {
  /** The operation (`operationId` of the API description), or what else happened: `sign-in`. */
  readonly action: string;
  readonly outcome: 'success' | 'failure';
  readonly actorKind: PrincipalKind | null;
  /** The person or the key; null: nobody knows. */
  readonly actorId: string | null;
  /** The session or the key that was used. */
  readonly credentialId: string | null;
  /** How somebody proved who they are: `pwd`, `refresh-token`. */
  readonly method: string | null;
  /** The path of what was changed, or the id of the person whom it was done to. */
  readonly subject: string | null;
  /** The address that it came from. */
  readonly source: string | null;
  /** Why it failed. */
  readonly reason: string | null;
  readonly traceId: string | null;
  /** The fields that changed, where they are few. */
  readonly before: object | null;
  readonly after: object | null;
}

/** Who writes entries down. */
export interface AuditWriter {
  /** In the caller's transaction, of the tenant whose record it is. */
  write(entries: readonly AuditEntry[]): Promise<void>;
  /** In the caller's transaction, of whatever tenant: a sign-in belongs to the record of the tenant that was entered. */
  writeFor(tenantId: string, entry: AuditEntry): Promise<void>;
  /** Whose record it belongs to when a person was refused before a tenant was known. */
  tenantsOf(userId: string): Promise<readonly string[]>;
}

/** Whose record: a tenant's, or those of all tenants of a person. */
export type Whose = { readonly tenantId: string } | { readonly userId: string };

const FLUSH_MS = 1_000;
/** Refusals that wait to be written, of all tenants: a flood of them fills neither memory nor the table at once. */
const WAITING_MAX = 1_000;

/**
 * The record of who did what (AUTH-28, REL-10). What changed something is written in the transaction of the change, by
 * those that run routes; what was refused changed nothing, and is written soon after.
 */
@Injectable()
export class AuditTrail implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(AuditTrail.name);
  private writer: AuditWriter | undefined;
  private waiting: { readonly whose: Whose; readonly entry: AuditEntry }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: TenantDatabase,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** While the application starts. */
  use(writer: AuditWriter): void {
    this.writer = writer;
  }

  /** In the caller's transaction. What is not said is that of the request in hand. */
  async record(given: Partial<AuditEntry> & Pick<AuditEntry, 'action'>): Promise<void> {
    await this.writer?.write([entryOf(given)]);
  }

  /** As `record`, into the record of a tenant that is not the transaction's. */
  async recordFor(tenantId: string | null, given: Partial<AuditEntry> & Pick<AuditEntry, 'action'>): Promise<void> {
    await this.writer?.writeFor(tenantId ?? PLATFORM_TENANT, entryOf(given));
  }

  /** Soon, in a transaction of its own; for what was refused. */
  later(whose: Whose, given: Partial<AuditEntry> & Pick<AuditEntry, 'action'>): void {
    if (!this.writer) return;
    if (this.waiting.length >= WAITING_MAX) this.metrics.auditDropped.inc();
    else this.waiting.push({ whose, entry: entryOf({ outcome: 'failure', ...given }) });
  }

  /** Writes what waits. What cannot be written is in the log. */
  flush(): Promise<void> {
    this.writing = this.writing.then(() => requestContext.outside(() => this.writeWaiting()));
    return this.writing;
  }

  private async writeWaiting(): Promise<void> {
    const { waiting, writer } = this;
    this.waiting = [];
    if (waiting.length === 0 || !writer) return;
    try {
      await this.database.run(PLATFORM_TENANT, 'write', async () => {
        for (const { whose, entry } of waiting) {
          const tenants = 'tenantId' in whose ? [whose.tenantId] : await writer.tenantsOf(whose.userId);
          for (const tenantId of tenants) await writer.writeFor(tenantId, entry);
        }
      });
    } catch (error) {
      this.metrics.auditDropped.inc(waiting.length);
      this.logger.warn({ msg: 'refusals could not be recorded', refusals: waiting, err: error });
    }
  }
}

/**
 * What a service knows of the change in hand and the route does not: which fields, from what to what. It goes into the
 * record of the request, in the same transaction.
 */
export function describeChange(change: {
  readonly subject?: string;
  readonly before?: object;
  readonly after?: object;
}): void {
  const context = requestContext.current();
  if (context) context.change = { ...context.change, ...change };
}

/** The fields that differ, for `describeChange`. */
export function difference<T extends object>(
  before: T,
  after: Partial<T>,
): { readonly before: object; readonly after: object } {
  const changed = Object.entries(after).filter(
    ([name, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(before[name as keyof T]),
  );
  return {
    before: Object.fromEntries(changed.map(([name]) => [name, before[name as keyof T] ?? null])),
    after: Object.fromEntries(changed),
  };
}

const SMALL_BYTES = 8_000;

/** A record that is too large would refuse the change. */
const small = (fields: object | null): object | null =>
  fields !== null && Buffer.byteLength(JSON.stringify(fields)) > SMALL_BYTES ? { omitted: 'too large' } : fields;

function entryOf(given: Partial<AuditEntry> & Pick<AuditEntry, 'action'>): AuditEntry {
  const context = requestContext.current();
  const principal = context?.principal;
  return {
    outcome: 'success',
    actorKind: principal?.kind ?? null,
    actorId: principal?.id ?? null,
    credentialId: principal?.credentialId ?? null,
    method: null,
    subject: context?.change?.subject ?? null,
    source: context?.source ?? null,
    reason: null,
    traceId: context?.traceId ?? null,
    ...given,
    before: small(given.before ?? context?.change?.before ?? null),
    after: small(given.after ?? context?.change?.after ?? null),
  };
}
