import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { type TransactionKind } from '../core/recorded';

/** A change of a ledger, in its gapless sequence. Written by the engine, never changed. */
@Entity('transactions')
@Unique('transactions_sequence_key', ['tenantId', 'ledgerId', 'sequence'])
@Index('transactions_reference_key', ['tenantId', 'ledgerId', 'reference'], {
  unique: true,
  where: 'reference IS NOT NULL',
})
@Index('transactions_parent', ['tenantId', 'parentId'], { where: 'parent_id IS NOT NULL' })
@Index('transactions_effective', ['tenantId', 'ledgerId', 'effectiveAt', 'sequence'])
@Index('transactions_kind', ['tenantId', 'ledgerId', 'kind', 'sequence'], { where: `kind <> 'posting'` })
@ForeignKey(() => Transaction, ['tenantId', 'parentId'], ['tenantId', 'id'], { name: 'transactions_parent_fkey' })
@Check('transactions_kind_check', `kind IN ('posting', 'hold', 'capture', 'void', 'expiry', 'reversal')`)
@Check('transactions_parent_check', `(parent_id IS NULL) = (kind IN ('posting', 'hold'))`)
@Check('transactions_hash_check', 'length(hash) = 32')
@Check('transactions_sequence_check', 'sequence > 0')
@Check('transactions_entry_count_check', 'entry_count >= 2')
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
  kind: TransactionKind;

  @Column({
    name: 'parent_id',
    type: 'uuid',
    nullable: true,
    comment: 'Of a capture, void or expiry: the hold. Of a reversal: the original.',
  })
  parentId: string | null;

  /** The version of the transaction template that it was made with. */
  @Column({ name: 'template_id', type: 'uuid', nullable: true })
  templateId: string | null;

  @Column({ type: 'text', collation: 'C', nullable: true })
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

  @Column({ type: 'bytea', comment: 'SHA-256 of the hash before it in the ledger and the canonical transaction.' })
  hash: Buffer;
}
