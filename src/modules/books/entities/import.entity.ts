import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN, TENANT_NOW } from '../../../platform/database/columns';

/** A file that was sent to be posted to a ledger. How that goes is its job's affair. */
@Entity('imports')
@Index('imports_ledger', ['tenantId', 'ledgerId', 'id'])
@Index('imports_job', ['tenantId', 'jobId'], { where: 'job_id IS NOT NULL' })
@ForeignKey('ledgers', ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'imports_ledger_fkey' })
@ForeignKey('jobs', ['tenantId', 'jobId'], ['tenantId', 'id'], { name: 'imports_job_fkey', onDelete: 'SET NULL' })
@Check('imports_file_name_check', `length(file_name) BETWEEN 1 AND 255`)
@Check(
  'imports_received_check',
  `(content_sha256 IS NULL) = (size IS NULL) AND (content_sha256 IS NOT NULL OR job_id IS NULL)`,
)
@Check('imports_sha256_check', `octet_length(content_sha256) = 32`)
@Check('imports_size_check', `size > 0`)
export class Import {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ name: 'file_name', type: 'text', nullable: true })
  fileName: string | null;

  @Column({ name: 'content_sha256', type: 'bytea', nullable: true, comment: 'NULL: the file is still on its way.' })
  contentSha256: Buffer | null;

  @Column({ type: 'jsonb', default: {}, comment: 'How the file is written, where it is not as our exports are.' })
  options: Record<string, string>;

  /** Bytes. */
  @Column({ type: 'bigint', nullable: true, transformer: bigintTransformer })
  size: bigint | null;

  /** Without the header; known once the file was checked. */
  @Column({ name: 'row_count', type: 'integer', nullable: true })
  rowCount: number | null;

  @Column({ name: 'transaction_count', type: 'integer', nullable: true })
  transactionCount: number | null;

  /** Null: still on its way, or the job was purged. */
  @Column({ name: 'job_id', type: 'uuid', nullable: true })
  jobId: string | null;

  @Column({ name: 'created_by', type: 'uuid' })
  createdBy: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({
    name: 'completed_at',
    type: 'timestamptz',
    nullable: true,
    comment: 'When every transaction of the file was posted.',
  })
  completedAt: Date | null;
}
