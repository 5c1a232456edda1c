import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from '../../../platform/database/columns';

export const LEDGER_STATUSES = ['open', 'closed'] as const;
export type LedgerStatus = (typeof LEDGER_STATUSES)[number];

export const UNKNOWN_ACCOUNTS = ['refused', 'created'] as const;
export type UnknownAccounts = (typeof UNKNOWN_ACCOUNTS)[number];

/** A book: accounts and transactions that belong together. */
@Entity('ledgers')
@Unique('ledgers_name_key', ['tenantId', 'name'])
@Check('ledgers_status_check', `status IN ('open', 'closed')`)
@Check('ledgers_unknown_accounts_check', `unknown_accounts IN ('refused', 'created')`)
@Check('ledgers_name_check', 'length(name) BETWEEN 1 AND 120')
export class LedgerEntity {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text', nullable: true })
  description: string | null;

  @Column({ type: 'text', default: 'open' })
  status: LedgerStatus;

  /** What becomes of an entry whose account is not there. */
  @Column({ name: 'unknown_accounts', type: 'text', default: 'refused' })
  unknownAccounts: UnknownAccounts;

  @Column({ type: 'jsonb', default: {} })
  metadata: Record<string, unknown>;

  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;
}
