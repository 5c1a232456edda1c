import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { type HoldStatus } from '../core/book';
import { Transaction } from './transaction.entity';

/** A hold from the moment it is made: how much of it is left, and what became of it. Written by the engine. */
@Entity('holds')
@Index('holds_due', ['expiresAt'], { where: `status = 'pending' AND expires_at IS NOT NULL` })
@Index('holds_ledger_due', ['tenantId', 'ledgerId', 'expiresAt'], {
  where: `status = 'pending' AND expires_at IS NOT NULL`,
})
@Index('holds_status', ['tenantId', 'ledgerId', 'status', 'sequence'])
@ForeignKey(() => Transaction, ['tenantId', 'transactionId'], ['tenantId', 'id'], { name: 'holds_transaction_fkey' })
@Check('holds_status_check', `status IN ('pending', 'posted', 'voided', 'expired')`)
@Check('holds_remaining_check', `0 <= ALL (remaining) AND (status = 'pending') = (0 < ANY (remaining))`)
export class Hold {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'transaction_id', type: 'uuid' })
  transactionId: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ type: 'bigint', transformer: bigintTransformer })
  sequence: bigint;

  @Column({ type: 'text' })
  status: HoldStatus;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  @Column({
    type: 'numeric',
    precision: 38,
    scale: 0,
    array: true,
    comment: 'Per entry of the hold, in their order: minor units that are still reserved.',
  })
  remaining: string[];
}
