import { MAX_SCALE } from './currency';

const MAX_DIGITS = 38;

/** The largest amount there is, in minor units: 38 digits, as in PostgreSQL's `numeric(38,0)`. */
export const MAX_MINOR_UNITS = 10n ** BigInt(MAX_DIGITS) - 1n;

/** What an unsigned amount looks like on the wire, whatever its currency: "1234.50". For OpenAPI documents. */
export const AMOUNT_PATTERN = `^(0|[1-9][0-9]{0,${MAX_DIGITS - 1}})(\\.[0-9]{1,${MAX_SCALE}})?$`;

/** {@link AMOUNT_PATTERN} with an optional minus sign, for what may be negative: limits. */
export const SIGNED_AMOUNT_PATTERN = `^-?${AMOUNT_PATTERN.slice(1)}`;

const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;

/** Why a text is no amount of its currency. */
export class AmountError extends Error {
  override readonly name = 'AmountError';

  constructor(
    /**
     * `syntax`: not a decimal string; `precision`: more digits after the point than the currency has;
     * `range`: more than 38 digits of minor units
     */
    readonly reason: 'syntax' | 'precision' | 'range',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Reads an unsigned decimal string such as "1234.50" as minor units (123450n in scale 2). Fewer digits after the point
 * than the scale are completed; more are refused, zeros too, because nothing is ever rounded or guessed.
 *
 * @param scale decimal digits of the currency, 0 to {@link MAX_SCALE}
 * @throws AmountError `syntax` for anything but digits with one optional point between digits: a JSON number, a sign,
 *   an exponent, a leading zero, a separator, white space; `precision`; `range` beyond {@link MAX_MINOR_UNITS}
 * @throws RangeError when the scale is none
 */
export function parseAmount(text: unknown, scale: number): bigint {
  assertScale(scale);
  const match = typeof text === 'string' ? DECIMAL.exec(text) : null;
  if (match === null) {
    throw new AmountError('syntax', 'An amount is a string of decimal digits such as "1234.50", without a sign.');
  }
  const whole = match[1] ?? '';
  const fraction = match[2] ?? '';
  if (fraction.length > scale) {
    throw new AmountError('precision', `An amount of this currency has at most ${scale} digits after the point.`);
  }
  // before BigInt, which takes quadratic time on long texts; a whole part of "0" adds no digit
  if (whole !== '0' && whole.length + scale > MAX_DIGITS) {
    throw new AmountError('range', `An amount has at most ${MAX_DIGITS} digits, those after the point included.`);
  }
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

/**
 * {@link parseAmount} with an optional leading "-", for what may be negative: limits, balances, columns of a file.
 * "-0" is 0n.
 *
 * @throws AmountError, RangeError as `parseAmount` does
 */
export function parseSignedAmount(text: unknown, scale: number): bigint {
  if (typeof text === 'string' && text.startsWith('-')) return -parseAmount(text.slice(1), scale);
  return parseAmount(text, scale);
}

/**
 * Writes minor units as a decimal string with exactly `scale` digits after the point: "0.05", "-12.00", "100" in
 * scale 0. The one form an amount has in answers, files and hashes. Sums beyond {@link MAX_MINOR_UNITS} are written too.
 *
 * @throws RangeError when the scale is none
 */
export function formatAmount(minor: bigint, scale: number): string {
  assertScale(scale);
  const sign = minor < 0n ? '-' : '';
  const digits = (minor < 0n ? -minor : minor).toString().padStart(scale + 1, '0');
  if (scale === 0) return sign + digits;
  const point = digits.length - scale;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * Splits a total in proportion to weights by the largest remainder method (Hamilton), so that the parts sum to the
 * whole and none is a unit or more away from its exact share. Equal remainders go to the lower index. A negative total
 * is split as the positive one, with the signs turned. A part of weight zero is zero.
 *
 * @param total minor units
 * @param weights not negative, one at least above zero
 * @returns as many parts as weights, in minor units
 * @throws RangeError when a weight is negative or none is above zero
 */
export function allocate(total: bigint, weights: readonly bigint[]): bigint[] {
  let sum = 0n;
  for (const weight of weights) {
    if (weight < 0n) throw new RangeError('A weight cannot be negative.');
    sum += weight;
  }
  if (sum === 0n) throw new RangeError('At least one weight must be above zero.');

  const whole = total < 0n ? -total : total;
  let left = whole;
  const shares = weights.map((weight, index) => {
    const part = (whole * weight) / sum;
    left -= part;
    return { index, part, remainder: (whole * weight) % sum };
  });
  // sort is stable, so that equal remainders stay in the order of their index
  for (const share of [...shares].sort((a, b) => compare(b.remainder, a.remainder))) {
    if (left === 0n) break;
    share.part += 1n;
    left -= 1n;
  }
  return shares.map(({ part }) => (total < 0n ? -part : part));
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function assertScale(scale: number): void {
  if (!Number.isInteger(scale) || scale < 0 || scale > MAX_SCALE) throw new RangeError(`Not a scale: ${scale}`);
}
