import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from '../../../platform/database/columns';
import { LedgerEntity } from './ledger.entity';

/** A name under which transactions are posted. What it means is in its versions. */
@Entity('transaction_templates')
@Unique('transaction_templates_name_key', ['tenantId', 'ledgerId', 'name'])
@ForeignKey(() => LedgerEntity, ['tenantId', 'ledgerId'], ['tenantId', 'id'], {
  name: 'transaction_templates_ledger_fkey',
})
@Check('transaction_templates_name_check', `name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'`)
@Check('transaction_templates_latest_check', 'latest > 0')
export class TransactionTemplate {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ type: 'text', collation: 'C' })
  name: string;

  @Column({ type: 'integer', default: 1, comment: 'The version that is meant where none is named.' })
  latest: number;

  /** Since when nothing is posted by it. */
  @Column({ name: 'retired_at', type: 'timestamptz', nullable: true })
  retiredAt: Date | null;

  @Column({ ...VERSION_COLUMN, comment: 'Of this row, for If-Match.' })
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;
}
