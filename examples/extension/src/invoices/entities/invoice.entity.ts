import { bigintTransformer, TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from 'daybook';
import {
  Check,
  Column,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  Unique,
} from 'typeorm';

/** One of the tenant’s invoices. */
@Entity('invoices')
@Unique('invoices_number_key', ['tenantId', 'number'])
@Index('invoices_ledger', ['tenantId', 'ledgerId'])
@ForeignKey('ledgers', ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'invoices_ledger_fkey' })
@Check('invoices_paid_check', `transaction_id IS NULL OR ledger_id IS NOT NULL`)
@Index('invoices_total_currency', ['tenantId', 'totalCurrency'])
@ForeignKey('currencies', ['tenantId', 'totalCurrency'], ['tenantId', 'code'], { name: 'invoices_total_currency_fkey' })
@Check('invoices_number_check', `char_length(number) BETWEEN 1 AND 200`)
@Check('invoices_total_check', `total_amount >= 0`)
@Check('invoices_note_check', `char_length(note) <= 5000`)
export class Invoice {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  number: string;

  /** Minor units. */
  @Column({ name: 'total_amount', type: 'numeric', precision: 38, scale: 0, transformer: bigintTransformer })
  totalAmount: bigint;

  @Column({ name: 'total_currency', type: 'text' })
  totalCurrency: string;

  @Column({ name: 'due_on', type: 'date' })
  dueOn: string;

  @Column({ type: 'text', nullable: true })
  note: string | null;

  /** Where it is paid: set when that is asked for. */
  @Column({ name: 'ledger_id', type: 'uuid', nullable: true })
  ledgerId: string | null;

  /** The job that posts the payment. */
  @Column({ name: 'job_id', type: 'uuid', nullable: true })
  jobId: string | null;

  /** The transaction that paid it. */
  @Column({ name: 'transaction_id', type: 'uuid', nullable: true })
  transactionId: string | null;

  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;
}
