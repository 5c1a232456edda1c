import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../crypto/canonical-json';

/** What a cursor stands for: a place in one list of one tenant, as it was filtered. */
export interface CursorPayload {
  tenantId: string;
  /** the name of the list, such as "transactions" */
  list: string;
  /** {@link hashFilter} of `filters` */
  filter: string;
  /** the filters themselves, so that a client may send the cursor alone and still get the list it began with */
  filters: Readonly<Record<string, string>>;
  direction: 'next' | 'previous';
  /** the sort key of the row at the edge of the page, in the order of the sort */
  key: readonly string[];
}

/** What the request says by itself, apart from the cursor. */
export interface ExpectedCursor {
  /** of the credential */
  tenantId: string;
  list: string;
  /** {@link hashFilter} of the filters the request repeats; left out when it sends the cursor alone */
  filter?: string;
}

const MAC_BYTES = 32;
const MIN_KEY_BYTES = 32;
/** Characters of the longest cursor: filters and sort keys of 255 characters in any script fit. */
export const CURSOR_MAX_LENGTH = 8192;
// part of what is signed: a key that signs other things too cannot be made to sign cursors with them
const LABEL = 'cursor.v1';

type Body = [direction: CursorPayload['direction'], key: string[], filters: Record<string, string>];

/**
 * Makes and reads the opaque cursors of lists (API-11): base64url of an HMAC-SHA256 followed by what it signs. The
 * tenant and the list are signed but not contained, so a cursor tells nothing of whose it is, and one that is tried
 * with another tenant, on another list or with other filters is as unknown as a forged one. What it contains (filters
 * and sort key) is signed, not encrypted: it is what the client has sent and seen.
 */
export class CursorCodec {
  private readonly keys: readonly Buffer[];
  private readonly signingKey: Buffer;

  /**
   * @param keys at least 32 bytes each; the first one signs, all verify, so that keys can be rotated
   * @throws RangeError when there is no key or one is too short
   */
  constructor(keys: readonly Buffer[]) {
    if (keys.some((key) => key.length < MIN_KEY_BYTES)) {
      throw new RangeError(`A cursor key has at least ${MIN_KEY_BYTES} bytes.`);
    }
    this.keys = keys.map((key) => Buffer.from(key));
    const [signingKey] = this.keys;
    if (signingKey === undefined) throw new RangeError('A cursor codec needs a key.');
    this.signingKey = signingKey;
  }

  /**
   * @returns characters of base64url only
   * @throws RangeError when `filter` is not the hash of `filters`, which would lose one of the two, or when the filters
   *   and the key are so long that the cursor would not be read back
   */
  encode(value: CursorPayload): string {
    if (value.filter !== hashFilter(value.filters))
      throw new RangeError('A cursor carries the filters it was made for.');
    const body: Body = [value.direction, [...value.key], { ...value.filters }];
    const bytes = Buffer.from(JSON.stringify(body));
    const text = Buffer.concat([macOf(this.signingKey, value, bytes), bytes]).toString('base64url');
    if (text.length > CURSOR_MAX_LENGTH) throw new RangeError('The filters of a list are too long for a cursor.');
    return text;
  }

  /** What {@link encode} was given; undefined for a text that is no cursor of ours for this tenant, list and filter. */
  decode(text: string, expected: ExpectedCursor): CursorPayload | undefined {
    if (typeof text !== 'string' || text.length > CURSOR_MAX_LENGTH) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    // Buffer skips what is no base64url; one cursor has one text
    if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== text) return undefined;
    const mac = bytes.subarray(0, MAC_BYTES);
    const signed = bytes.subarray(MAC_BYTES);
    let genuine = false;
    for (const key of this.keys) {
      // no short cut after a match: the time says nothing of which key it was
      if (timingSafeEqual(macOf(key, expected, signed), mac)) genuine = true;
    }
    if (!genuine) return undefined;

    const [direction, key, filters] = JSON.parse(signed.toString()) as Body;
    const filter = hashFilter(filters);
    if (expected.filter !== undefined && expected.filter !== filter) return undefined;
    return { tenantId: expected.tenantId, list: expected.list, filter, filters, direction, key };
  }
}

/** JSON of a list keeps its parts apart: no tenant and list run into another tenant and list. */
function macOf(key: Buffer, bound: Pick<CursorPayload, 'tenantId' | 'list'>, body: Buffer): Buffer {
  const head = JSON.stringify([LABEL, bound.tenantId, bound.list]);
  return createHmac('sha256', key).update(head).update('\0').update(body).digest();
}

/**
 * SHA-256 (base64url, 43 characters) of a list's filters, the same whatever the order they came in. An undefined filter
 * is none; a Date counts as its text in RFC 3339. Otherwise values differ by type: "5" is not 5.
 *
 * @throws TypeError for what JSON cannot hold
 */
export function hashFilter(filters: Readonly<Record<string, unknown>>): string {
  const plain = Object.fromEntries(
    Object.entries(filters).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  );
  return createHash('sha256').update(canonicalJson(plain)).digest('base64url');
}
