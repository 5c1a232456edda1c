export type IdempotencyKeyResult =
  { readonly ok: true; readonly key: string } | { readonly ok: false; readonly reason: 'missing' | 'malformed' };

// printable ASCII within quotes, where a quote and a backslash are escaped (RFC 8941 §3.3.3)
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
// a comma is where HTTP joins repeated headers into one value
const BARE = /^[\x21\x23-\x2b\x2d-\x7e](?:[\x20-\x2b\x2d-\x7e]*[\x21-\x2b\x2d-\x7e])?$/;
const MAX_LENGTH = 255;

const MALFORMED: IdempotencyKeyResult = Object.freeze({ ok: false, reason: 'malformed' });
const MISSING: IdempotencyKeyResult = Object.freeze({ ok: false, reason: 'missing' });

/**
 * Reads the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header, an RFC 8941 String: `"k"`). Many clients
 * send it without the quotes, so `k` is the same key as `"k"`. A key is 1 to 255 characters of printable ASCII
 * (U+0020 to U+007E).
 *
 * A header that comes more than once is malformed, also where the server has joined its values by commas; therefore a
 * key with a comma in it needs its quotes. Parameters after the string (`"k";a=1`) are malformed: the draft has none.
 *
 * @param header the header's value, or values, as Node's HTTP server gives them
 */
export function parseIdempotencyKey(header: string | string[] | undefined): IdempotencyKeyResult {
  if (Array.isArray(header) && header.length > 1) return MALFORMED;
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined) return MISSING;
  // each of 255 characters may be escaped, and there are the quotes
  if (value.length > 2 * MAX_LENGTH + 2) return MALFORMED;

  const quoted = QUOTED.exec(value)?.[1];
  const key = quoted === undefined ? (BARE.test(value) ? value : '') : quoted.replace(/\\(.)/g, '$1');
  return key.length >= 1 && key.length <= MAX_LENGTH ? { ok: true, key } : MALFORMED;
}
