import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW } from '../../../platform/database/columns';
import { type AuditEntry } from '../../../platform/security/audit-trail';
import { type PrincipalKind } from '../../../platform/security/principal';

/** One thing that somebody did, or was not allowed to do. Written once, never changed. */
@Entity('audit_records', {
  comment: `Who did what in a tenant, and who was not allowed to; those of the nil tenant are the platform's.`,
})
@Check('audit_records_outcome_check', `outcome IN ('success', 'failure')`)
@Check('audit_records_size_check', `pg_column_size(before) + pg_column_size(after) < 20000`)
@Index('audit_records_actor', ['tenantId', 'actorId', 'id'])
@Index('audit_records_action', ['tenantId', 'action', 'id'])
@Index('audit_records_subject', ['tenantId', 'subject', 'id'])
export class AuditRecord implements AuditEntry {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'timestamptz', default: TENANT_NOW })
  at: Date;

  @Column({ type: 'text' })
  action: string;

  @Column({ type: 'text' })
  outcome: 'success' | 'failure';

  @Column({ name: 'actor_kind', type: 'text', nullable: true })
  actorKind: PrincipalKind | null;

  @Column({ name: 'actor_id', type: 'uuid', nullable: true })
  actorId: string | null;

  @Column({ name: 'credential_id', type: 'uuid', nullable: true })
  credentialId: string | null;

  @Column({ type: 'text', nullable: true })
  method: string | null;

  @Column({ type: 'text', nullable: true })
  subject: string | null;

  @Column({ type: 'text', nullable: true })
  source: string | null;

  @Column({ type: 'text', nullable: true })
  reason: string | null;

  @Column({ name: 'trace_id', type: 'text', nullable: true })
  traceId: string | null;

  @Column({ type: 'jsonb', nullable: true })
  before: object | null;

  @Column({ type: 'jsonb', nullable: true })
  after: object | null;
}
