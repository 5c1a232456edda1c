import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type PublicKey } from '../public-key';
import { TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from '../../../platform/database/columns';

/** What a program of the tenant's may do, and how long. */
@Entity('api_keys')
@Index('api_keys_lookup', ['id'])
@Check('api_keys_name_check', `char_length(name) BETWEEN 1 AND 100`)
@Check('api_keys_permissions_check', `cardinality(permissions) > 0`)
@Check('api_keys_quota_check', `quota > 0`)
@Check('api_keys_life_check', `expires_at > created_at`)
@Check('api_keys_revoked_check', `(revoked_at IS NULL) = (revoked_by IS NULL)`)
export class ApiKey {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text', array: true })
  permissions: string[];

  /** Null: every ledger. */
  @Column({ name: 'ledger_ids', type: 'uuid', array: true, nullable: true })
  ledgerIds: string[] | null;

  /** Patterns of account codes; null: every account. */
  @Column({ type: 'text', array: true, nullable: true })
  accounts: string[] | null;

  /** CIDR blocks that it may be used from; null: anywhere. */
  @Column({ name: 'allowed_addresses', type: 'text', array: true, nullable: true })
  allowedAddresses: string[] | null;

  /** JWKs that sign its client assertions (RFC 7523); null: it has a secret. */
  @Column({
    name: 'public_keys',
    type: 'jsonb',
    nullable: true,
    comment: 'JWKs that sign its client assertions (private_key_jwt).',
  })
  publicKeys: PublicKey[] | null;

  /** Requests per window; null: what keys have by default. */
  @Column({ type: 'integer', nullable: true })
  quota: number | null;

  @Column({ name: 'created_by', type: 'uuid' })
  createdBy: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt: Date | null;

  @Column({ name: 'revoked_by', type: 'uuid', nullable: true })
  revokedBy: string | null;

  /** To the minute: it is noted now and then, not at each request. */
  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt: Date | null;

  @Column({ name: 'last_used_from', type: 'text', nullable: true })
  lastUsedFrom: string | null;

  @Column(VERSION_COLUMN)
  version: number;
}
