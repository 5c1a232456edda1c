import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** The public half of a key pair, as a JWK (RFC 7517) with a `kid`. */
export interface PublicKey extends JsonWebKey {
  readonly kid: string;
}

/** By the type of the key; one algorithm each, so that none is chosen by a token (RFC 8725 section 3.1). */
const ALGORITHMS = { ec: 'ES256', rsa: 'PS256' } as const;

/** The key and its algorithm; undefined for what is no public P-256 or RSA key of 2048 bits or more. */
export function readPublicKey(
  jwk: unknown,
): { readonly key: KeyObject; readonly algorithm: 'ES256' | 'PS256' } | undefined {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return undefined;
  const { kid, d } = jwk as Record<string, unknown>;
  if (typeof kid !== 'string' || kid.length < 1 || kid.length > 100 || d !== undefined) return undefined;
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
    if (type === 'ec' && details?.namedCurve === 'prime256v1') return { key, algorithm: ALGORITHMS.ec };
    if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return { key, algorithm: ALGORITHMS.rsa };
  } catch {
    // no key
  }
  return undefined;
}

/** What is kept of it: its public members, and nothing that came with them. */
export function publicMembers({ kid, kty, crv, x, y, n, e }: PublicKey): PublicKey {
  return Object.fromEntries(
    Object.entries({ kid, kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  ) as unknown as PublicKey;
}
