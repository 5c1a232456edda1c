import { Check, Entity, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN } from '../../../platform/database/columns';

/** What the metadata of a transaction says in a word. A trigger writes it; lists are filtered by it. */
@Entity('transaction_metadata', { comment: 'Scalars of at most 255 characters at the top of the metadata, as text.' })
@Check('transaction_metadata_length_check', 'length(key) <= 255 AND length(value) <= 255')
export class TransactionMetadata {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @PrimaryColumn({ type: 'text', collation: 'C' })
  key: string;

  @PrimaryColumn({ type: 'text', collation: 'C' })
  value: string;

  @PrimaryColumn({ type: 'bigint' })
  sequence: string;
}
