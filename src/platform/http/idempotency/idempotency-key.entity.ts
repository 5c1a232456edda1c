import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { jsonText, TENANT_ID_COLUMN, TENANT_NOW } from '../../database/columns';

/** A remembered request and its answer (API-02 to API-08). */
@Entity('idempotency_keys')
@Index('idempotency_keys_expiry', ['tenantId', 'expiresAt'], { where: 'expires_at IS NOT NULL' })
export class IdempotencyKey {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  /** Made of the three that follow: see `idempotencyId`. */
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  /** The person who sent it; the nil UUID for work without one. */
  @Column({ name: 'principal_id', type: 'uuid' })
  principalId: string;

  /** Method and route pattern, such as `POST /v1/ledgers`. */
  @Column({ type: 'text' })
  operation: string;

  @Column({ type: 'text' })
  key: string;

  /** SHA-256 of the canonical request. */
  @Column({ type: 'bytea' })
  fingerprint: Buffer;

  @Column({ type: 'smallint' })
  status: number;

  @Column({ type: 'jsonb', nullable: true })
  headers: Record<string, string> | null;

  @Column({
    type: 'text',
    nullable: true,
    transformer: jsonText,
    comment: 'JSON, as text: jsonb would order its fields anew, and a replay is the same answer.',
  })
  body: unknown;

  /** The transaction that a posting made; its answer is rebuilt from there. */
  @Column({
    name: 'resource_id',
    type: 'uuid',
    nullable: true,
    comment: 'The transaction that a posting made; its answer is rebuilt from there.',
  })
  resourceId: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true, comment: 'NULL: remembered for ever (imports).' })
  expiresAt: Date | null;
}
