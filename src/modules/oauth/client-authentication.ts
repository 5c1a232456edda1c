import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { type FastifyRequest } from 'fastify';
import { isUuid } from '../../common/ids/uuid';
import { Config } from '../../config/config';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { type Caller } from '../../platform/security/principal';
import { ApiKeyAuthenticator, readPublicKey } from '../api-keys';
import { OAuthError } from './oauth-error';
import { TokenIds } from './token-ids';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** An assertion is made for one request: it does not live longer. */
const ASSERTION_SECONDS = 300;
const CLOCK_TOLERANCE_SECONDS = 30;

export type Form = Readonly<Record<string, string>>;

interface Assertion {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly exp?: unknown;
  readonly jti?: unknown;
}

/** Finds out which client sends a request to the token endpoint and its siblings (RFC 6749 section 2.3, RFC 7523). */
@Injectable()
export class ClientAuthentication {
  constructor(
    private readonly keys: ApiKeyAuthenticator,
    private readonly database: TenantDatabase,
    private readonly ids: TokenIds,
    private readonly jwt: JwtService,
    private readonly config: Config,
  ) {}

  /**
   * By exactly one way: HTTP Basic, the form, or an assertion.
   * @throws OAuthError `invalid_client`, `invalid_request`; Problem where the client may not come from its address
   */
  async authenticate(request: FastifyRequest, form: Form): Promise<Caller> {
    const basic = basicOf(request.headers.authorization);
    const ways = [basic, form.client_secret, form.client_assertion].filter((way) => way !== undefined);
    if (ways.length > 1) throw new OAuthError('invalid_request', 'Prove who the client is in one way, not in several.');
    const caller =
      form.client_assertion === undefined
        ? await this.bySecret(basic ?? { id: form.client_id, secret: form.client_secret })
        : await this.byAssertion(form, form.client_assertion);
    if (!caller) throw refused();
    caller.admit?.(request);
    if (caller.suspended) throw refused();
    return caller;
  }

  private async bySecret({
    id,
    secret,
  }: {
    id?: string | undefined;
    secret?: string | undefined;
  }): Promise<Caller | undefined> {
    if (id === undefined || secret === undefined || !this.keys.recognizes(secret)) return undefined;
    const caller = await this.keys.find(secret);
    return caller?.principal.id === id.toLowerCase() ? caller : undefined;
  }

  private async byAssertion(form: Form, assertion: string): Promise<Caller | undefined> {
    if (form.client_assertion_type !== ASSERTION_TYPE)
      throw new OAuthError('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}.`);
    const decoded = this.jwt.decode<{ header?: { kid?: unknown }; payload?: Assertion } | null>(assertion, {
      complete: true,
    }) as { header?: { kid?: unknown }; payload?: Assertion } | null;
    const clientId = decoded?.payload?.sub;
    if (!isUuid(clientId) || (form.client_id !== undefined && form.client_id !== clientId)) return undefined;
    const tenantId = await this.keys.tenantOfClient(clientId);
    const client = tenantId === undefined ? undefined : await this.keys.client(tenantId, clientId);
    const jwk = client?.publicKeys.find(({ kid }) => kid === decoded?.header?.kid);
    const known = jwk && readPublicKey(jwk);
    if (!known || !client || tenantId === undefined) return undefined;
    const claims = await this.jwt
      .verifyAsync<Assertion>(assertion, {
        publicKey: known.key as never,
        algorithms: [known.algorithm],
        // RFC 7523 section 3: for us, whichever way a client names us
        audience: [this.config.security.tokenIssuer, `${this.config.http.publicUrl}/oauth/token`],
        issuer: clientId,
        subject: clientId,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      })
      .catch(() => undefined);
    if (!claims || typeof claims.exp !== 'number' || typeof claims.jti !== 'string' || claims.jti.length > 255)
      return undefined;
    const [jti, expiresAt] = [claims.jti, new Date(claims.exp * 1000)];
    const fresh = await this.database.run(tenantId, 'write', ({ now }) =>
      claims.jti === '' || expiresAt.getTime() - now.getTime() > (ASSERTION_SECONDS + CLOCK_TOLERANCE_SECONDS) * 1000
        ? Promise.resolve(false)
        : this.ids.use('assertion', clientId, jti, new Date(expiresAt.getTime() + CLOCK_TOLERANCE_SECONDS * 1000)),
    );
    return fresh ? client.caller : undefined;
  }
}

function basicOf(header: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  try {
    // RFC 6749 section 2.3.1: both are form-encoded first
    return colon < 0
      ? { id: '', secret: '' }
      : { id: decodeURIComponent(text.slice(0, colon)), secret: decodeURIComponent(text.slice(colon + 1)) };
  } catch {
    return { id: '', secret: '' };
  }
}

const refused = () => new OAuthError('invalid_client', 'The client is not known, or did not prove who it is.');
