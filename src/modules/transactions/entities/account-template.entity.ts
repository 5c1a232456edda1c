import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from '../../../platform/database/columns';
import { type AccountType, type Direction } from '../core/account';
import { type StoredLimits } from '../core/limits';
import { LedgerEntity } from './ledger.entity';

/** What accounts are like that are made on their first use: those whose code is of the pattern. */
@Entity('account_templates')
@Unique('account_templates_pattern_key', ['tenantId', 'ledgerId', 'pattern'])
@ForeignKey(() => LedgerEntity, ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'account_templates_ledger_fkey' })
@Check('account_templates_pattern_check', `length(pattern) BETWEEN 1 AND 255 AND pattern !~ '(^:|:$|::|[[:cntrl:]])'`)
@Check('account_templates_type_check', `type IN ('asset', 'liability', 'equity', 'revenue', 'expense')`)
@Check('account_templates_normal_balance_check', `normal_balance IN ('debit', 'credit')`)
@Check('account_templates_limits_check', `jsonb_typeof(limits) = 'array'`)
export class AccountTemplate {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ type: 'text', collation: 'C' })
  pattern: string;

  /** That the accounts get. */
  @Column({ type: 'text', nullable: true })
  name: string | null;

  @Column({ type: 'text' })
  type: AccountType;

  @Column({ name: 'normal_balance', type: 'text' })
  normalBalance: Direction;

  /** Null: any. */
  @Column({ type: 'text', array: true, nullable: true })
  currencies: string[] | null;

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
