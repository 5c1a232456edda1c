import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { type Direction } from '../core/account';
import { Balance } from './balance.entity';
import { Transaction } from './transaction.entity';

/** One leg of a transaction. Written by the engine, never changed. */
@Entity('entries')
@Check('entries_direction_check', `direction IN ('debit', 'credit')`)
@Check('entries_amount_check', `amount > 0`)
@Check('entries_position_check', `position >= 0`)
@Unique('entries_version_key', ['tenantId', 'accountId', 'currency', 'version'])
@ForeignKey(() => Transaction, ['tenantId', 'transactionId'], ['tenantId', 'id'], { name: 'entries_transaction_fkey' })
@ForeignKey(() => Balance, ['tenantId', 'accountId', 'currency'], ['tenantId', 'accountId', 'currency'], {
  name: 'entries_balance_fkey',
})
export class Entry {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'transaction_id', type: 'uuid' })
  transactionId: string;

  @PrimaryColumn({ type: 'smallint' })
  position: number;

  @Column({ name: 'account_id', type: 'uuid' })
  accountId: string;

  @Column({ type: 'text' })
  currency: string;

  @Column({ type: 'text' })
  direction: Direction;

  /** Minor units, above zero. */
  @Column({ type: 'numeric', precision: 38, scale: 0, transformer: bigintTransformer })
  amount: bigint;

  @Column({
    type: 'bigint',
    transformer: bigintTransformer,
    comment: 'Dense per account and currency, from 1: the place of the entry in that balance.',
  })
  version: bigint;

  @Column({
    name: 'balance_after',
    type: 'numeric',
    precision: 38,
    scale: 0,
    transformer: bigintTransformer,
    comment: 'Debits minus credits of the account in this currency, after the entry.',
  })
  balanceAfter: bigint;

  @Column({ name: 'effective_at', type: 'timestamptz' })
  effectiveAt: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
