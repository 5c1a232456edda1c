import { Injectable } from '@nestjs/common';
import { currentTransaction } from '../../platform/database/tenant-database';

const FORGET = 'DELETE FROM oauth_token_ids WHERE client_id = $1 AND expires_at < tenant_now()';
const USE = `
  INSERT INTO oauth_token_ids (use, client_id, jti, expires_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING RETURNING 1`;
const IS_KNOWN = 'SELECT 1 FROM oauth_token_ids WHERE use = $1 AND client_id = $2 AND jti = $3';

/** Ids of tokens that must not be taken again. Works in the caller's transaction, of the client's tenant. */
@Injectable()
export class TokenIds {
  /** @returns false when it was there: of many at once one gets true */
  async use(use: 'assertion' | 'revoked', clientId: string, jti: string, expiresAt: Date): Promise<boolean> {
    const { client } = currentTransaction();
    await client.query(FORGET, [clientId]);
    return (await client.query(USE, [use, clientId, jti, expiresAt])).rows.length > 0;
  }

  async isRevoked(clientId: string, jti: string): Promise<boolean> {
    return (await currentTransaction().client.query(IS_KNOWN, ['revoked', clientId, jti])).rows.length > 0;
  }
}
