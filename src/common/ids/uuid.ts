import { randomFillSync } from 'node:crypto';

/** The nil UUID (RFC 9562 §5.9): all 128 bits zero. Never the id of anything. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for the 8-4-4-4-12 text form of any UUID, whatever its version, in upper or lower case (RFC 9562 §4). */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

const MAX_TIMESTAMP = 2 ** 48 - 1;
const MAX_COUNTER = 0xfff;
const RANDOM_BYTES_PER_ID = 10;

// One system call serves 409 ids. Bytes already handed out are never handed out again.
const pool = Buffer.allocUnsafe(4090);
let poolOffset = pool.length;

/** What makes the ids of one series ascend: the millisecond last used and a counter within it. */
interface Series {
  /** the time last asked for; `milliseconds` may have run ahead of it */
  requested: number;
  milliseconds: number;
  counter: number;
}
const live: Series = { requested: -1, milliseconds: -1, counter: 0 };
const given: Series = { requested: -1, milliseconds: -1, counter: 0 };

/**
 * A new UUID version 7 in lower case (RFC 9562 §5.7): 48 bits of Unix time in milliseconds, a 12-bit counter
 * (§6.2 method 1, seeded at random in its lower half each millisecond), 62 random bits.
 *
 * Ids of one process ascend strictly, as text and as bytes, even within a millisecond and when the system clock
 * steps back: the series then stays at the latest millisecond it has seen, and runs ahead of the clock when more
 * than the counter's room is asked for within one.
 *
 * @param now Unix time in milliseconds; the system's clock when left out. A time given explicitly is honoured exactly,
 *   also when it is earlier than that of the id before; ids ascend among consecutive calls with the same time.
 * @throws RangeError when `now` is not a whole number of 0 to 2^48-1
 */
export function uuidv7(now?: number): string {
  const series = now === undefined ? live : given;
  const time = now ?? Date.now();
  if (!Number.isInteger(time) || time < 0 || time > MAX_TIMESTAMP) {
    throw new RangeError(`Not a UUIDv7 timestamp: ${time}`);
  }
  if (poolOffset === pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  const start = poolOffset;
  poolOffset += RANDOM_BYTES_PER_ID;

  const startsAnew = series === live ? time > series.milliseconds : time !== series.requested;
  series.requested = time;
  if (startsAnew) {
    series.milliseconds = time;
    series.counter = pool.readUInt16BE(start) & 0x7ff;
  } else if (series.counter < MAX_COUNTER) {
    series.counter++;
  } else {
    series.milliseconds++;
    series.counter = pool.readUInt16BE(start) & 0x7ff;
  }

  if (series.milliseconds !== stampedMilliseconds) {
    stampedMilliseconds = series.milliseconds;
    const hex = stampedMilliseconds.toString(16).padStart(12, '0');
    stamp = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  }
  const counter = hexOf(series.counter >> 8).charAt(1) + hexOf(series.counter & 0xff);
  // the two top bits after the counter are the variant, 10
  const variant = hexOf(((pool[start + 2] ?? 0) & 0x3f) | 0x80) + randomHex(start + 3, start + 4);
  return `${stamp}${counter}-${variant}-${randomHex(start + 4, start + RANDOM_BYTES_PER_ID)}`;
}

// the text of the time, made once a millisecond
let stampedMilliseconds = -1;
let stamp = '';

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hexOf = (byte: number): string => HEX[byte] ?? '';

/** Bytes of the pool as text. A table beats Buffer.toString('hex') on so few bytes. */
function randomHex(start: number, end: number): string {
  let text = '';
  for (let offset = start; offset < end; offset++) text += hexOf(pool[offset] ?? 0);
  return text;
}
