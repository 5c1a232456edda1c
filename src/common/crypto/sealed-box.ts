import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** A sealed text cannot be opened. The message says no more than the reason. */
export class SealedBoxError extends Error {
  override readonly name = 'SealedBoxError';

  constructor(
    /**
     * `malformed`: not a sealed text; `unknown-key`: sealed with a key that is not at hand; `authentication`: changed, or
     * sealed for something else
     */
    readonly reason: 'malformed' | 'unknown-key' | 'authentication',
  ) {
    super(`A sealed text cannot be opened: ${reason}.`);
  }
}

const CIPHER = 'aes-256-gcm';
const VERSION = 'v1';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts and authenticates with AES-256-GCM (NIST SP 800-38D) under a random 96-bit nonce; good for 2^32 texts per
 * key. The result is `v1.<key id>.<nonce>.<ciphertext>.<tag>`, the last three in base64url; the key id is the first 8
 * hex digits of the key's SHA-256.
 *
 * @param key 32 bytes, as {@link deriveKey} makes them
 * @param associated what the text belongs to ("webhook-secret:" and its id); it is not contained, and a text sealed for
 *   one thing does not open as another's
 * @throws RangeError when the key has not 32 bytes
 */
export function seal(plaintext: Buffer, key: Buffer, associated: string): string {
  assertKey(key);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  const id = keyId(key);
  cipher.setAAD(associatedData(id, associated));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return [VERSION, id, text(nonce), text(ciphertext), text(cipher.getAuthTag())].join('.');
}

/**
 * Opens what {@link seal} made with one of these keys for the same `associated`.
 *
 * @param keys the present key and former ones, in any order; the text names the one it needs
 * @throws SealedBoxError when it does not open
 * @throws RangeError when a key has not 32 bytes
 */
export function open(sealed: string, keys: readonly Buffer[], associated: string): Buffer {
  keys.forEach(assertKey);
  const parts = sealed.split('.');
  const [version, id] = parts;
  const nonce = bytesOf(parts[2]);
  const ciphertext = bytesOf(parts[3]);
  const tag = bytesOf(parts[4]);
  if (
    parts.length !== 5 ||
    version !== VERSION ||
    id === undefined ||
    nonce?.length !== NONCE_BYTES ||
    ciphertext === undefined ||
    // a shorter tag would be accepted by GCM and be easier to guess
    tag?.length !== TAG_BYTES
  ) {
    throw new SealedBoxError('malformed');
  }
  const candidates = keys.filter((key) => keyId(key) === id);
  if (candidates.length === 0) throw new SealedBoxError('unknown-key');
  // 32 bits of id may be those of two keys
  for (const key of candidates) {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(id, associated));
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    try {
      return Buffer.concat([plaintext, decipher.final()]);
    } catch {
      continue;
    }
  }
  throw new SealedBoxError('authentication');
}

/**
 * Derives a key for one purpose from the deployment's secret: HKDF-SHA256 (RFC 5869) with a fixed salt and the purpose
 * as its info, 32 bytes. Keys of different purposes tell nothing of each other. A secret is stretched by nothing: it
 * has to be random (`openssl rand -base64 32`), not a password.
 *
 * @param purpose names the use: "cursor", "webhook-secret"
 * @throws RangeError when the secret or the purpose is empty
 */
export function deriveKey(secret: string, purpose: string): Buffer {
  if (secret === '' || purpose === '') throw new RangeError('A key needs a secret and a purpose.');
  return Buffer.from(hkdfSync('sha256', secret, 'daybook', purpose, KEY_BYTES));
}

function keyId(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

function associatedData(id: string, associated: string): Buffer {
  return Buffer.from(`${VERSION}.${id}.${associated}`);
}

function assertKey(key: Buffer): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`A sealing key has ${KEY_BYTES} bytes.`);
}

function text(bytes: Buffer): string {
  return bytes.toString('base64url');
}

/** The bytes of a base64url text, if it is their one text: Buffer skips characters that do not belong. */
function bytesOf(part: string | undefined): Buffer | undefined {
  if (part === undefined) return undefined;
  const bytes = Buffer.from(part, 'base64url');
  return text(bytes) === part ? bytes : undefined;
}
