import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { LedgerEntity } from './ledger.entity';

/** Where a ledger's gapless sequence stands. The engine writes it; it is made with the ledger. */
@Entity('ledger_heads')
@ForeignKey(() => LedgerEntity, ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'ledger_heads_ledger_fkey' })
@Check('ledger_heads_sequence_check', 'sequence >= 0')
@Check('ledger_heads_hash_check', 'length(hash) = 32')
export class LedgerHead {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ type: 'bigint', default: 0, transformer: bigintTransformer })
  sequence: bigint;

  @Column({ name: 'posted_at', type: 'timestamptz', default: () => "'-infinity'" })
  postedAt: Date;

  /** Counts changes of the ledger's accounts. */
  @Column({ name: 'accounts_version', type: 'bigint', default: 0, transformer: bigintTransformer })
  accountsVersion: bigint;

  /** Of the last transaction. */
  @Column({ type: 'bytea', default: () => `decode(repeat('00', 32), 'hex')` })
  hash: Buffer;
}
