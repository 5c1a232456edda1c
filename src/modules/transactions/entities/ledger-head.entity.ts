import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { bigintTransformer, TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { Ledger } from './ledger.entity';

/** Where a ledger's gapless sequence stands. The engine writes it; it is made with the ledger. */
@Entity('ledger_heads')
@Check('ledger_heads_sequence_check', `sequence >= 0`)
@ForeignKey(() => Ledger, ['tenantId', 'ledgerId'], ['tenantId', 'id'], { name: 'ledger_heads_ledger_fkey' })
export class LedgerHead {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ type: 'bigint', default: 0, transformer: bigintTransformer })
  sequence: bigint;

  @Column({ name: 'posted_at', type: 'timestamptz', default: () => "'-infinity'" })
  postedAt: Date;
}
