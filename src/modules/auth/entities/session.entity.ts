import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

export type RevocationReason =
  'sign-out' | 'token-reuse' | 'password-change' | 'ended' | 'ended-by-administrator' | 'too-many';

/** One sign-in and all tokens that come from it. */
@Entity('sessions')
@Check('sessions_expiry_check', `idle_expires_at <= expires_at`)
@Check('sessions_reason_check', `revoked_reason ~ '^[a-z-]+$'`)
@Check('sessions_revoked_check', `(revoked_at IS NULL) = (revoked_reason IS NULL)`)
export class Session {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @ForeignKey('users', { name: 'sessions_user_fkey' })
  @Index('sessions_user')
  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  /** The tenant that was chosen at sign-in; null for a person without one. */
  @ForeignKey('tenants', { name: 'sessions_tenant_fkey' })
  @Index('sessions_tenant')
  @Column({ name: 'tenant_id', type: 'uuid', nullable: true })
  tenantId: string | null;

  /** The address that signed in. */
  @Column({ type: 'text', nullable: true, comment: 'The address that signed in.' })
  source: string | null;

  /** As it called itself, at most 200 characters. */
  @Column({ name: 'user_agent', type: 'text', nullable: true })
  userAgent: string | null;

  /** When the password was given: `auth_time` of its tokens. */
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz', default: () => 'now()' })
  lastUsedAt: Date;

  @Column({ name: 'idle_expires_at', type: 'timestamptz' })
  idleExpiresAt: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt: Date | null;

  @Column({ name: 'revoked_reason', type: 'text', nullable: true })
  revokedReason: RevocationReason | null;
}
