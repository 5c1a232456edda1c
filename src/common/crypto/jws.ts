import { type KeyObject, sign, verify } from 'node:crypto';

/** What a compact JWS (RFC 7515) says, before its signature was checked. */
export interface Jws {
  readonly kid: string;
  readonly payload: unknown;
  readonly signed: string;
  readonly signature: Buffer;
}

const PARTS = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
const KEY_ID = /^[A-Za-z0-9_-]{43}$/;
// ES256 signatures are the two numbers one after the other (RFC 7518 section 3.4), not DER
const ENCODING = { dsaEncoding: 'ieee-p1363' } as const;

/** Signs a statement with ES256. `typ` says what kind it is: one kind never passes for another (RFC 8725 section 3.11). */
export function signJws(typ: string, kid: string, payload: object, privateKey: KeyObject): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'ES256', typ, kid })}.${part(payload)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, ...ENCODING }).toString('base64url')}`;
}

/** Takes a JWS apart; undefined unless its header is exactly ours: ES256, this `typ`, a `kid`, and nothing to follow. */
export function readJws(text: string, typ: string): Jws | undefined {
  const [, head, body, signature] = PARTS.exec(text) ?? [];
  if (head === undefined || body === undefined || signature === undefined) return undefined;
  const header = jsonOf(head) as Record<string, unknown> | undefined;
  if (typeof header !== 'object' || Object.keys(header).sort().join() !== 'alg,kid,typ') return undefined;
  const { alg, kid } = header;
  if (alg !== 'ES256' || header.typ !== typ || typeof kid !== 'string' || !KEY_ID.test(kid)) return undefined;
  return { kid, payload: jsonOf(body), signed: `${head}.${body}`, signature: Buffer.from(signature, 'base64url') };
}

export function jwsIsSignedBy(publicKey: KeyObject, { signed, signature }: Jws): boolean {
  return signature.length === 64 && verify('sha256', Buffer.from(signed), { key: publicKey, ...ENCODING }, signature);
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) ?? undefined;
  } catch {
    return undefined;
  }
}
