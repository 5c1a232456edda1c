import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { type Direction } from '../core/account';
import { type EntryKind } from '../core/recorded';

/**
 * One leg of a transaction. Written by the engine, never changed. It has no foreign keys: a check per statement compares
 * all new rows with their transactions and balances at once.
 */
@Entity('entries')
@Unique('entries_version_key', ['tenantId', 'accountId', 'currency', 'version'])
@Index('entries_amount', ['tenantId', 'ledgerId', 'currency', 'amount', 'transactionId'], {
  where: `direction = 'debit'`,
})
@Check('entries_kind_check', `kind IN ('posted', 'captured', 'reversed', 'held', 'released')`)
@Check('entries_direction_check', `direction IN ('debit', 'credit')`)
@Check('entries_amount_check', 'amount > 0')
@Check('entries_position_check', 'position >= 0')
@Check('entries_version_check', 'version > 0')
export class Entry {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'transaction_id', type: 'uuid' })
  transactionId: string;

  @PrimaryColumn({ type: 'smallint' })
  position: number;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ name: 'account_id', type: 'uuid' })
  accountId: string;

  @Column({ type: 'text' })
  currency: string;

  @Column({ type: 'text' })
  kind: EntryKind;

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
