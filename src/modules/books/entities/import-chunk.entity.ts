import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN } from '../../../platform/database/columns';
import { Import } from './import.entity';

/** A piece of an import's file, in order. */
@Entity('import_chunks')
@ForeignKey(() => Import, ['tenantId', 'importId'], ['tenantId', 'id'], {
  name: 'import_chunks_import_fkey',
  onDelete: 'CASCADE',
})
@Check('import_chunks_position_check', `position >= 0`)
export class ImportChunk {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'import_id', type: 'uuid' })
  importId: string;

  @PrimaryColumn({ type: 'integer' })
  position: number;

  @Column({ type: 'bytea' })
  bytes: Buffer;
}
