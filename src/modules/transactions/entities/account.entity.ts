import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from '../../../platform/database/columns';
import { type AccountType, type Direction, type Freeze } from '../core/account';
import { type StoredLimits } from '../core/limits';
import { LedgerEntity } from './ledger.entity';

export const ACCOUNT_STATUSES = ['open', 'closed'] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/** A place in a ledger where amounts are kept, one balance per currency. */
@Entity('accounts')
@Unique('accounts_code_key', ['tenantId', 'ledgerId', 'code'])
@Unique('accounts_ledger_key', ['tenantId', 'ledgerId', 'id'])
@ForeignKey(() => LedgerEntity, ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'accounts_ledger_fkey' })
@Check('accounts_type_check', `type IN ('asset', 'liability', 'equity', 'revenue', 'expense')`)
@Check('accounts_normal_balance_check', `normal_balance IN ('debit', 'credit')`)
@Check('accounts_status_check', `status IN ('open', 'closed')`)
@Check('accounts_frozen_check', `frozen IN ('debit', 'credit', 'both')`)
@Check('accounts_code_check', `length(code) BETWEEN 1 AND 255 AND code !~ '(^:|:$|::|[*[:cntrl:]])'`)
export class Account {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  /** Compared byte by byte, so that pages and prefixes do not depend on the server's locale. */
  @Column({ type: 'text', collation: 'C' })
  code: string;

  @Column({ type: 'text', nullable: true })
  name: string | null;

  @Column({ type: 'text' })
  type: AccountType;

  @Column({ name: 'normal_balance', type: 'text' })
  normalBalance: Direction;

  /** Null: any. */
  @Column({ type: 'text', array: true, nullable: true })
  currencies: string[] | null;

  @Column({ type: 'text', default: 'open' })
  status: AccountStatus;

  /** Takes no entries of this direction. */
  @Column({ type: 'text', nullable: true })
  frozen: Freeze | null;

  @Column({ type: 'jsonb', default: [], comment: 'Per currency; amounts are minor units as text.' })
  limits: StoredLimits[];

  @Column({ type: 'jsonb', default: {} })
  metadata: Record<string, unknown>;

  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;
}
