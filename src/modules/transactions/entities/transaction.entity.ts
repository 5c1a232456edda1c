import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { Ledger } from './ledger.entity';

/** A posted transaction. Written by the engine, never changed. */
@Entity('transactions')
@Check('transactions_status_check', `status IN ('posted')`)
@Check('transactions_sequence_check', `sequence > 0`)
@Check('transactions_entry_count_check', `entry_count >= 2`)
@Unique('transactions_sequence_key', ['tenantId', 'ledgerId', 'sequence'])
@Index('transactions_reference_key', ['tenantId', 'ledgerId', 'reference'], {
  unique: true,
  where: 'reference IS NOT NULL',
})
@ForeignKey(() => Ledger, ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'transactions_ledger_fkey' })
export class Transaction {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ type: 'bigint', transformer: bigintTransformer })
  sequence: bigint;

  @Column({ type: 'text' })
  status: 'posted';

  @Column({ type: 'text', nullable: true })
  reference: string | null;

  @Column({ type: 'text', nullable: true })
  description: string | null;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'created_by', type: 'uuid' })
  createdBy: string;

  @Column({ name: 'entry_count', type: 'smallint' })
  entryCount: number;

  @Column({ type: 'jsonb', default: {} })
  metadata: Record<string, unknown>;
}
