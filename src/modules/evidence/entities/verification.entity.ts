import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { type Finding } from '../core/findings';

/** What a verification of a ledger found. Never changed. */
@Entity('verifications')
@Index('verifications_ledger', ['tenantId', 'ledgerId', 'id'])
@ForeignKey('ledgers', ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'verifications_ledger_fkey' })
@Check('verifications_findings_check', `jsonb_typeof(findings) = 'array' AND (finding_count = 0) = (findings = '[]')`)
export class Verification {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({
    name: 'job_id',
    type: 'uuid',
    nullable: true,
    comment: 'NULL: from the command line. The job may have been purged since.',
  })
  jobId: string | null;

  @Column({
    type: 'bigint',
    transformer: bigintTransformer,
    comment: 'Head of the ledger at the moment that was verified.',
  })
  sequence: bigint;

  @Column({ type: 'bigint', transformer: bigintTransformer })
  entries: bigint;

  @Column({ type: 'bigint', transformer: bigintTransformer })
  balances: bigint;

  @Column({ type: 'bigint', transformer: bigintTransformer })
  checkpoints: bigint;

  @Column({ name: 'finding_count', type: 'bigint', transformer: bigintTransformer })
  findingCount: bigint;

  @Column({ type: 'jsonb', comment: 'The first of them; finding_count says how many there are.' })
  findings: Finding[];

  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt: Date;

  @Column({ name: 'finished_at', type: 'timestamptz' })
  finishedAt: Date;
}
