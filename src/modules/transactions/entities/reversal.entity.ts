import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { Transaction } from './transaction.entity';

/** A posted transaction that was reversed at least in part: how much of it is left. Written by the engine. */
@Entity('reversals')
@Index('reversals_whole', ['tenantId', 'ledgerId', 'sequence'], { where: 'whole' })
@ForeignKey(() => Transaction, ['tenantId', 'transactionId'], ['tenantId', 'id'], {
  name: 'reversals_transaction_fkey',
})
@Check('reversals_remaining_check', '0 <= ALL (remaining) AND whole = (NOT 0 < ANY (remaining))')
export class ReversalState {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'transaction_id', type: 'uuid' })
  transactionId: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ type: 'bigint', transformer: bigintTransformer })
  sequence: bigint;

  /** Nothing is left. */
  @Column({ type: 'boolean' })
  whole: boolean;

  @Column({
    type: 'numeric',
    precision: 38,
    scale: 0,
    array: true,
    comment: 'Per entry of the original, in their order: minor units that were not reversed yet.',
  })
  remaining: string[];
}
