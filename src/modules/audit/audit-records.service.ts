import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { uuidv7 } from '../../common/ids/uuid';
import { currentTransaction } from '../../platform/database/tenant-database';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type Page } from '../../platform/http/pagination/page.dto';
import { type AuditEntry, AuditTrail, type AuditWriter } from '../../platform/security/audit-trail';
import { type AuditFilter, type AuditQuery, AuditRecordResponse } from './dto/audit-record.dto';
import { AuditRecord } from './entities/audit-record.entity';

const WRITE_FOR = 'SELECT daybook_system.record_for_tenant($1, $2, $3)';
/** Rows that an export reads at once. */
const CHUNK = 1_000;

/** The record of the current tenant: writing it, and reading it. Works in the caller's transaction. */
@Injectable()
export class AuditRecordsService implements AuditWriter, OnModuleInit {
  constructor(
    private readonly trail: AuditTrail,
    private readonly cursors: CursorService,
    @InjectRepository(AuditRecord) private readonly records: Repository<AuditRecord>,
  ) {}

  onModuleInit(): void {
    this.trail.use(this);
  }

  async write(entries: readonly AuditEntry[]): Promise<void> {
    await this.records.insert(entries.map((entry) => ({ ...entry, id: uuidv7() })));
  }

  async writeFor(tenantId: string, entry: AuditEntry): Promise<void> {
    const { actorKind, actorId, credentialId, traceId, ...same } = entry;
    const columns = {
      ...same,
      actor_kind: actorKind,
      actor_id: actorId,
      credential_id: credentialId,
      trace_id: traceId,
    };
    await currentTransaction().client.query(WRITE_FOR, [tenantId, uuidv7(), JSON.stringify(columns)]);
  }

  async tenantsOf(userId: string): Promise<readonly string[]> {
    const { rows } = await currentTransaction().client.query<{ tenant_id: string }>(
      'SELECT tenant_id FROM daybook_system.memberships_of($1)',
      [userId],
    );
    return rows.map(({ tenant_id: tenantId }) => tenantId);
  }

  /** Newest first. @throws Problem `invalid-cursor` */
  list(query: AuditQuery): Promise<Page<AuditRecordResponse>> {
    const { action, actorId, outcome, subject, from, to } = query;
    return this.cursors.page(
      'audit-records',
      query,
      { action, actorId, outcome, subject, from, to },
      ({ direction, key, limit, filters }) => {
        const forward = direction === 'next';
        const select = this.matching(filters)
          .orderBy('r.id', forward ? 'DESC' : 'ASC')
          .limit(limit + 1);
        if (key) select.andWhere(`r.id ${forward ? '<' : '>'} :last`, { last: key[0] });
        return select.getMany();
      },
      ({ id }) => [id],
      (record) => AuditRecordResponse.of(record),
    );
  }

  /** Oldest first, a JSON object per line. */
  async *lines({ action, actorId, outcome, subject, from, to }: AuditFilter): AsyncGenerator<string> {
    const texts = { action, actorId, outcome, subject, from, to };
    for (let last: string | undefined; ;) {
      const select = this.matching(texts).orderBy('r.id', 'ASC').limit(CHUNK);
      if (last !== undefined) select.andWhere('r.id > :last', { last });
      const rows = await select.getMany();
      if (rows.length > 0) yield rows.map((row) => `${JSON.stringify(AuditRecordResponse.of(row))}\n`).join('');
      last = rows.at(-1)?.id;
      if (rows.length < CHUNK) return;
    }
  }

  private matching(filters: Readonly<Record<string, string | undefined>>): SelectQueryBuilder<AuditRecord> {
    const { action, actorId, outcome, subject, from, to } = filters;
    const select = this.records.createQueryBuilder('r').where('TRUE');
    if (action !== undefined) select.andWhere('r.action = :action', { action });
    if (actorId !== undefined) select.andWhere('r.actor_id = :actorId', { actorId });
    if (outcome !== undefined) select.andWhere('r.outcome = :outcome', { outcome });
    if (subject !== undefined) select.andWhere('r.subject = :subject', { subject });
    if (from !== undefined) select.andWhere('r.at >= :from', { from });
    if (to !== undefined) select.andWhere('r.at < :to', { to });
    return select;
  }
}
