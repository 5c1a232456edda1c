import { randomFillSync } from 'node:crypto';

/** Where a request stands in a distributed trace. Correlation only: anyone may send any trace id. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero */
  readonly traceId: string;
  /** the caller's span, 16 lower-case hex digits; none in a trace that begins here */
  readonly parentId?: string;
  /** this request's own span, 16 lower-case hex digits, always new */
  readonly spanId: string;
  /** whether the caller may have recorded its part; false in a trace that begins here */
  readonly sampled: boolean;
  /** whether the trace came with the request */
  readonly fromCaller: boolean;
}

// version, trace-id, parent-id, flags, and what a later version may add after another hyphen
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED = 0x01;
const MAX_LENGTH = 512;

/**
 * Reads the `traceparent` header (W3C Trace Context, level 1 §3.2 and §4.3) and opens a span of our own under it. A
 * later version is read by the fields it shares with version 00. A header that is missing, malformed, repeated or all
 * zero begins a fresh trace; it is never an error.
 *
 * @param header the header's value, or values, as Node's HTTP server gives them
 */
export function traceContextFrom(header: string | string[] | undefined): TraceContext {
  const value = Array.isArray(header) ? (header.length === 1 ? header[0] : undefined) : header;
  const match = value !== undefined && value.length <= MAX_LENGTH ? TRACEPARENT.exec(value) : null;
  if (match !== null) {
    const [, version = '', traceId = '', parentId = '', flags = '', rest] = match;
    const known = version === '00' ? rest === undefined : version !== 'ff';
    if (known && traceId !== NO_TRACE && parentId !== NO_SPAN) {
      const sampled = (parseInt(flags, 16) & SAMPLED) !== 0;
      return { traceId, parentId, spanId: randomId(8), sampled, fromCaller: true };
    }
  }
  return { traceId: randomId(16), spanId: randomId(8), sampled: false, fromCaller: false };
}

/** The `traceparent` to send on: the same trace, with our span as the parent, in version 00. */
export function formatTraceparent(context: Pick<TraceContext, 'traceId' | 'spanId' | 'sampled'>): string {
  return `00-${context.traceId}-${context.spanId}-${context.sampled ? '01' : '00'}`;
}

const pool = Buffer.allocUnsafe(4096);
let poolOffset = pool.length;

/** Random bytes as lower-case hex. All zeros would mean "none", so such an id is drawn again. */
function randomId(bytes: 8 | 16): string {
  for (;;) {
    if (poolOffset + bytes > pool.length) {
      randomFillSync(pool);
      poolOffset = 0;
    }
    const id = pool.toString('hex', poolOffset, poolOffset + bytes);
    poolOffset += bytes;
    if (id !== NO_SPAN && id !== NO_TRACE) return id;
  }
}
