import { isUuid } from '../../common/ids/uuid';

/** Claims of an access token (RFC 9068). */
export interface AccessClaims {
  /** The person. */
  readonly sub: string;
  /** The session. */
  readonly sid: string;
  /** The tenant that was chosen at sign-in. */
  readonly tenant: string | undefined;
  /** Unix time in seconds. */
  readonly exp: number;
}

export const TOKEN_TYPE = 'at+jwt';
export const ALGORITHM = 'ES256';

/** The text of `Authorization: Bearer`, if it has the form of a credential and nothing else stands there. */
export function bearerTokenOf(request: {
  readonly headers: { readonly authorization?: string | undefined };
}): string | null {
  const match = /^Bearer ([\w-]+(?:\.[\w-]+\.[\w-]+)?)$/i.exec(request.headers.authorization ?? '');
  const token = match?.[1];
  return token !== undefined && token.length <= 4096 ? token : null;
}

const KEY_ID = /^[A-Za-z0-9_-]{43}$/;
const HEADER_MEMBERS = new Set(['alg', 'typ', 'kid']);

/**
 * The key id that a token's header names; undefined where the header is not exactly one of ours. There is nothing in it
 * to follow: no `jku`, `jwk` or `x5u`, and no `crit` to understand (RFC 8725 section 3).
 */
export function keyIdOf(token: string): string | undefined {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined;
  const { alg, typ, kid } = header as Record<string, unknown>;
  if (Object.keys(header).some((name) => !HEADER_MEMBERS.has(name))) return undefined;
  if (alg !== ALGORITHM || typ !== TOKEN_TYPE) return undefined;
  return typeof kid === 'string' && KEY_ID.test(kid) ? kid : undefined;
}

/** The claims, if all that must be there are, in their form. Signature, issuer, audience and times are checked before. */
export function claimsOf(payload: unknown): AccessClaims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { sub, sid, tenant, exp, iat, jti } = payload as Record<string, unknown>;
  if (!isUuid(sub) || !isUuid(sid) || !isUuid(jti)) return undefined;
  if (tenant !== undefined && !isUuid(tenant)) return undefined;
  if (typeof exp !== 'number' || typeof iat !== 'number') return undefined;
  return { sub, sid, tenant, exp };
}
