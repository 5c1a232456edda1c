import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW } from '../../../platform/database/columns';
import { ApiKey } from './api-key.entity';

/** A secret of a key: one, and for a while after a rotation the one before it. */
@Entity('api_key_secrets')
@ForeignKey(() => ApiKey, ['tenantId', 'keyId'], ['tenantId', 'id'], { name: 'api_key_secrets_key_fkey' })
@Index('api_key_secrets_key', ['tenantId', 'keyId'])
@Index('api_key_secrets_lookup', ['publicId'])
export class ApiKeySecret {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'public_id', type: 'text' })
  publicId: string;

  @Column({ name: 'key_id', type: 'uuid' })
  keyId: string;

  /** SHA-256 of the whole token. */
  @Column({ type: 'bytea' })
  hash: Buffer;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  /** Set when the next one was made; null: as long as the key. */
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;
}
