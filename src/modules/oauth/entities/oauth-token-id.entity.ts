import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN } from '../../../platform/database/columns';

/** An assertion that was used, or a token that was revoked: it is refused until it ends by itself. */
@Entity('oauth_token_ids', {
  comment: 'Client assertions that were used, and access tokens that were revoked, until they end by themselves.',
})
@Check('oauth_token_ids_use_check', `use IN ('assertion', 'revoked')`)
@Check('oauth_token_ids_jti_check', `char_length(jti) BETWEEN 1 AND 255`)
export class OAuthTokenId {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'text' })
  use: 'assertion' | 'revoked';

  @PrimaryColumn({ name: 'client_id', type: 'uuid' })
  clientId: string;

  @PrimaryColumn({ type: 'text' })
  jti: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}
