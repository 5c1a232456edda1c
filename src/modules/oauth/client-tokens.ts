import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isUuid } from '../../common/ids/uuid';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { AuditTrail } from '../../platform/security/audit-trail';
import { type CredentialKind, CredentialKinds } from '../../platform/security/credential-kinds';
import { type Caller } from '../../platform/security/principal';
import { Revocations } from '../../platform/security/revocations';
import { ApiKeyAuthenticator } from '../api-keys';
import { AccessTokensService } from '../auth';
import { OAuthError } from './oauth-error';
import { TokenIds } from './token-ids';

export interface IssuedToken {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  /** Permissions, separated by spaces (RFC 6749 section 3.3). */
  readonly scope: string;
}

/** Claims of a client's token (RFC 9068). One with `sid` is a person's, and never taken here. */
interface ClientClaims {
  readonly clientId: string;
  readonly tenantId: string;
  readonly scope: readonly string[];
  readonly jti: string;
  readonly exp: number;
  readonly iat: number;
}

/** Access tokens of programs: short, with some of the permissions of their client. */
@Injectable()
export class ClientTokens implements CredentialKind, OnModuleInit {
  readonly method = 'client-token';

  constructor(
    private readonly kinds: CredentialKinds,
    private readonly tokens: AccessTokensService,
    private readonly keys: ApiKeyAuthenticator,
    private readonly database: TenantDatabase,
    private readonly ids: TokenIds,
    private readonly revocations: Revocations,
    private readonly trail: AuditTrail,
  ) {}

  onModuleInit(): void {
    this.kinds.register(this);
  }

  /** @param scope asked for; undefined: all that the client may. @throws OAuthError `invalid_scope` */
  async issue({ principal, validUntil }: Caller, scope: string | undefined): Promise<IssuedToken> {
    const { id, tenantId = '', permissions } = principal;
    const asked = scope === undefined ? [...permissions] : [...new Set(scope.split(' ').filter((name) => name !== ''))];
    if (asked.length === 0) throw new OAuthError('invalid_scope', 'Ask for a permission, or leave scope out.');
    const beyond = asked.filter((name) => !permissions.has(name));
    if (beyond.length > 0) throw new OAuthError('invalid_scope', `The client does not have ${beyond.join(', ')}.`);
    const granted = asked.sort().join(' ');
    const claims = { client_id: id, tenant: tenantId, scope: granted };
    const { accessToken, expiresIn } = await this.tokens.sign(claims, id, validUntil);
    await this.database.run(tenantId, 'write', () =>
      this.trail.record({
        action: 'oauthToken',
        actorKind: 'api-key',
        actorId: id,
        credentialId: id,
        after: { scope: granted },
      }),
    );
    return { access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn, scope: granted };
  }

  recognizes(token: string): boolean {
    try {
      const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as unknown;
      return typeof payload === 'object' && payload !== null && 'client_id' in payload && !('sid' in payload);
    } catch {
      return false;
    }
  }

  async find(token: string): Promise<Caller | undefined> {
    const claims = await this.read(token);
    if (!claims) return undefined;
    const { clientId, tenantId, scope, jti, exp } = claims;
    const client = await this.keys.client(tenantId, clientId);
    if (!client) return undefined;
    if (await this.database.run(tenantId, 'read', () => this.ids.isRevoked(clientId, jti))) return undefined;
    const { caller } = client;
    const permissions = new Set(scope.filter((name) => caller.principal.permissions.has(name)));
    return {
      ...caller,
      principal: { ...caller.principal, permissions },
      validUntil: Math.min(caller.validUntil, exp * 1000),
    };
  }

  /** RFC 7009: at once, on every process. A token that is not this client's stays. */
  async revoke({ principal: { id, tenantId = '' } }: Caller, token: string): Promise<void> {
    const claims = await this.read(token);
    if (claims?.clientId !== id) return;
    await this.database.run(tenantId, 'write', async () => {
      const expiresAt = new Date((claims.exp + 60) * 1000);
      if (await this.ids.use('revoked', id, claims.jti, expiresAt))
        await this.trail.record({ action: 'oauthRevoke', actorKind: 'api-key', actorId: id, credentialId: id });
      await this.revocations.announce(id);
    });
  }

  /** RFC 7662. What another tenant's token is, nobody learns. */
  async introspect({ principal: { tenantId } }: Caller, token: string): Promise<object> {
    const claims = await this.read(token);
    const caller = claims?.tenantId === tenantId ? await this.find(token) : undefined;
    if (!claims || !caller) return { active: false };
    const { clientId, jti, exp, iat } = claims;
    const scope = [...caller.principal.permissions].sort().join(' ');
    return {
      active: true,
      token_type: 'Bearer',
      client_id: clientId,
      sub: clientId,
      scope,
      tenant: tenantId,
      jti,
      exp,
      iat,
    };
  }

  private async read(token: string): Promise<ClientClaims | undefined> {
    if (!this.recognizes(token)) return undefined;
    const claims = await this.tokens.verified(token);
    if (!claims) return undefined;
    const { client_id: clientId, sub, tenant: tenantId, scope, jti, exp, iat } = claims;
    if (!isUuid(clientId) || sub !== clientId || !isUuid(tenantId) || !isUuid(jti)) return undefined;
    if (typeof scope !== 'string' || typeof exp !== 'number' || typeof iat !== 'number') return undefined;
    return { clientId, tenantId, scope: scope.split(' '), jti, exp, iat };
  }
}
