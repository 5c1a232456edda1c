import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * `next` is published so that verifiers know it; `current` signs; `retired` verifies tokens until the last one of it has
 * expired, and checkpoints for ever.
 */
export type SigningKeyState = 'next' | 'current' | 'retired';

/** RFC 7517, the public half of a P-256 key. */
export interface PublicJwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y: string;
}

@Entity('signing_keys')
@Check('signing_keys_state_check', `state IN ('next', 'current', 'retired')`)
@Check('signing_keys_retired_check', `(state = 'retired') = (retired_at IS NOT NULL)`)
@Index('signing_keys_one_active', ['state'], { unique: true, where: `state <> 'retired'` })
export class SigningKey {
  @PrimaryColumn({ type: 'text' })
  kid: string;

  @Column({ name: 'public_jwk', type: 'jsonb' })
  publicJwk: PublicJwk;

  /** PKCS #8, sealed under a key that is derived from APP_SECRETS; empty once the key's last token has expired. */
  @Column({ name: 'sealed_private', type: 'text' })
  sealedPrivate: string;

  @Column({ type: 'text' })
  state: SigningKeyState;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'retired_at', type: 'timestamptz', nullable: true })
  retiredAt: Date | null;
}
