import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';

/** A signed statement of where a ledger's hash chain stood. Never changed. */
@Entity('checkpoints')
@Unique('checkpoints_sequence_key', ['tenantId', 'ledgerId', 'sequence'])
@Unique('checkpoints_after_key', ['tenantId', 'ledgerId', 'after'])
@ForeignKey('ledgers', ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'checkpoints_ledger_fkey' })
@Check('checkpoints_range_check', 'after_sequence >= 0 AND sequence > after_sequence')
@Check('checkpoints_hashes_check', 'length(hash) = 32 AND length(root) = 32')
export class Checkpoint {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({
    name: 'after_sequence',
    type: 'bigint',
    transformer: bigintTransformer,
    comment: 'Of the checkpoint before, 0 for the first: what follows it is covered, up to sequence.',
  })
  after: bigint;

  @Column({ type: 'bigint', transformer: bigintTransformer })
  sequence: bigint;

  @Column({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'bytea', comment: 'Merkle root (RFC 6962) over the hashes of the transactions that are covered.' })
  root: Buffer;

  @Column({ name: 'key_id', type: 'text' })
  keyId: string;

  @Column({ type: 'text', comment: 'What was signed; the other columns repeat what it says.' })
  jws: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
