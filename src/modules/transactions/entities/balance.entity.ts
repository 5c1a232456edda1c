import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { Account } from './account.entity';
import { TenantCurrency } from './currency.entity';

/** What an account holds in one currency. The engine writes it; others read. */
@Entity('balances')
@Index('balances_ledger', ['tenantId', 'ledgerId', 'accountId'])
@Index('balances_currency', ['tenantId', 'ledgerId', 'currency', 'accountId'])
@ForeignKey(() => Account, ['tenantId', 'ledgerId', 'accountId'], ['tenantId', 'ledgerId', 'id'], {
  name: 'balances_account_fkey',
})
@ForeignKey(() => TenantCurrency, ['tenantId', 'currency'], ['tenantId', 'code'], { name: 'balances_currency_fkey' })
@Check(
  'balances_sign_check',
  'posted_debits >= 0 AND posted_credits >= 0 AND pending_debits >= 0 AND pending_credits >= 0',
)
@Check('balances_version_check', 'version > 0')
export class Balance {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'account_id', type: 'uuid' })
  accountId: string;

  @PrimaryColumn({ type: 'text' })
  currency: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  /** Minor units. */
  @Column({ name: 'posted_debits', type: 'numeric', precision: 38, scale: 0, transformer: bigintTransformer })
  postedDebits: bigint;

  /** Minor units. */
  @Column({ name: 'posted_credits', type: 'numeric', precision: 38, scale: 0, transformer: bigintTransformer })
  postedCredits: bigint;

  /** Minor units that holds reserve. */
  @Column({
    name: 'pending_debits',
    type: 'numeric',
    precision: 38,
    scale: 0,
    default: 0,
    transformer: bigintTransformer,
  })
  pendingDebits: bigint;

  /** Minor units that holds reserve. */
  @Column({
    name: 'pending_credits',
    type: 'numeric',
    precision: 38,
    scale: 0,
    default: 0,
    transformer: bigintTransformer,
  })
  pendingCredits: bigint;

  /** Entries so far. */
  @Column({ type: 'bigint', transformer: bigintTransformer })
  version: bigint;
}
