import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** `live` keys work in production and nowhere else, `test` keys everywhere else. */
export type KeyEnvironment = 'live' | 'test';

/**
 * What secret scanners look for: `daybook_live_8XqT2mKpWv4ZrN1c_` and 39 more letters and digits, of which the last six are
 * a checksum.
 */
export const API_KEY_PATTERN = 'daybook_(live|test)_([0-9A-Za-z]{16})_([0-9A-Za-z]{33})([0-9A-Za-z]{6})';
const API_KEY = new RegExp(`^${API_KEY_PATTERN}$`);

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PUBLIC_LENGTH = 16;
/** 62^33: 196 bits. */
const SECRET_LENGTH = 33;
const CHECKSUM_LENGTH = 6;

/** What a key is made of. */
export interface ApiKeyToken {
  readonly environment: KeyEnvironment;
  /** Finds the key; no secret. */
  readonly publicId: string;
  /** SHA-256 of the whole token: all that is stored. A fast hash is right for 196 random bits. */
  readonly hash: Buffer;
}

/** A new key: the token, which is shown once, and what is kept of it. */
export function newApiKeyToken(environment: KeyEnvironment): ApiKeyToken & { readonly token: string } {
  const publicId = randomText(PUBLIC_LENGTH);
  const body = `${prefixOf(environment, publicId)}_${randomText(SECRET_LENGTH)}`;
  const token = body + checksumOf(body);
  return { token, environment, publicId, hash: hashOf(token) };
}

/** Undefined for what is no key: another form, or a checksum that is not right, such as of a key that was cut or mistyped. */
export function readApiKeyToken(token: string): ApiKeyToken | undefined {
  const [, environment, publicId, secret, checksum] = API_KEY.exec(token) ?? [];
  if (environment === undefined || publicId === undefined || secret === undefined) return undefined;
  if (checksum !== checksumOf(token.slice(0, -CHECKSUM_LENGTH))) return undefined;
  return { environment: environment as KeyEnvironment, publicId, hash: hashOf(token) };
}

/** Whether somebody means it as a key, right or wrong. */
export const looksLikeApiKey = (token: string): boolean => token.startsWith('daybook_');

/** What of a key may be shown, in lists and logs. */
export const prefixOf = (environment: KeyEnvironment, publicId: string): string => `daybook_${environment}_${publicId}`;

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

const randomText = (length: number): string =>
  Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');

/** CRC-32 in base 62: who finds a string that looks like a key knows without asking whether it is one. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    digits = ALPHABET.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
