import fc from 'fast-check';
import {
  allocate,
  AMOUNT_PATTERN,
  AmountError,
  formatAmount,
  MAX_MINOR_UNITS,
  parseAmount,
  parseSignedAmount,
} from './amount';
import { MAX_SCALE } from './currency';

const scales = fc.integer({ min: 0, max: MAX_SCALE });
const unsigned = fc.bigInt({ min: 0n, max: MAX_MINOR_UNITS });
const signed = fc.bigInt({ min: -MAX_MINOR_UNITS, max: MAX_MINOR_UNITS });

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AmountError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('parseAmount (API-16)', () => {
  it.each([
    ['0', 2, 0n],
    ['0.00', 2, 0n],
    ['0.05', 2, 5n],
    ['25', 2, 2500n],
    ['25.5', 2, 2550n],
    ['1234.50', 2, 123450n],
    ['1234', 0, 1234n],
    ['0.001', 3, 1n],
    ['1.000000000000000001', 18, 1_000000000000000001n],
  ])('reads %p in scale %p', (text, scale, minor) => {
    expect(parseAmount(text, scale)).toBe(minor);
  });

  it.each([
    ...['', ' ', '.', '.5', '5.', '-1', '+1', '01', '00', '00.5', '1e3', '1E3', '1_000', '1,000', '1 000', ' 1', '1 '],
    ...['1\n', '0x10', 'NaN', 'Infinity', '١', '1.2.3', '--1', '-', '1.-2', '1.+2', 'abc'],
    ...[1, 1.5, 0, 10n, null, undefined, true, ['1'], { toString: () => '1' }],
  ])('API-16 refuses %p as no amount', (text) => {
    expect(reasonOf(() => parseAmount(text, 2))).toBe('syntax');
  });

  it.each([
    ['1.500', 2],
    ['0.000', 2],
    ['1.0', 0],
    ['1.001', 2],
    ['0.0000000000000000000', 18],
  ])('API-16 refuses %p in scale %p rather than round it, zeros too', (text, scale) => {
    expect(reasonOf(() => parseAmount(text, scale))).toBe('precision');
  });

  it('API-16 REL-11 holds amounts of 38 digits and refuses the next', () => {
    expect(MAX_MINOR_UNITS.toString()).toBe('9'.repeat(38));
    expect(parseAmount('9'.repeat(38), 0)).toBe(MAX_MINOR_UNITS);
    expect(parseAmount(`${'9'.repeat(36)}.99`, 2)).toBe(MAX_MINOR_UNITS);
    expect(reasonOf(() => parseAmount('1' + '0'.repeat(38), 0))).toBe('range');
    expect(reasonOf(() => parseAmount('1' + '0'.repeat(36), 2))).toBe('range');
    expect(reasonOf(() => parseAmount('9'.repeat(1_000_000), 2))).toBe('range');
    expect(parseAmount('0', 18)).toBe(0n);
  });

  it.each([-1, 19, 1.5, Number.NaN])('takes %p for no scale', (scale) => {
    expect(() => parseAmount('1', scale)).toThrow(RangeError);
    expect(() => formatAmount(1n, scale)).toThrow(RangeError);
  });

  it('API-16 accepts exactly the texts of the grammar, whatever the text', () => {
    const near = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', '+', 'e', ' ') }),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `${a}.${b}`),
      fc.double().map(String),
    );
    fc.assert(
      fc.property(near, scales, (text, scale) => {
        const [whole = '', fraction = ''] = text.split('.');
        const fits =
          /^(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text) &&
          fraction.length <= scale &&
          BigInt(whole + fraction + '0'.repeat(scale - fraction.length)) <= MAX_MINOR_UNITS;
        expect(reasonOf(() => parseAmount(text, scale)) === 'accepted').toBe(fits);
      }),
      { numRuns: 2000, examples: [['0', 0]] },
    );
  });
});

describe('formatAmount and parseAmount', () => {
  it('F20 REL-11 round trip every amount in every scale', () => {
    fc.assert(
      fc.property(unsigned, scales, (minor, scale) => {
        const text = formatAmount(minor, scale);
        expect(parseAmount(text, scale)).toBe(minor);
        expect(text).toMatch(new RegExp(AMOUNT_PATTERN));
        expect((text.split('.')[1] ?? '').length).toBe(scale);
      }),
      { examples: [[MAX_MINOR_UNITS, 0], [MAX_MINOR_UNITS, 18], [0n, 2]] }, // prettier-ignore
    );
  });

  it('F20 round trip signed amounts, and never write -0', () => {
    fc.assert(
      fc.property(signed, scales, (minor, scale) => {
        const text = formatAmount(minor, scale);
        expect(parseSignedAmount(text, scale)).toBe(minor);
        expect(text.startsWith('-')).toBe(minor < 0n);
      }),
    );
    expect(formatAmount(-0n, 2)).toBe('0.00');
    expect(parseSignedAmount('-0.00', 2)).toBe(0n);
  });

  it.each([
    [0n, 0, '0'],
    [0n, 2, '0.00'],
    [5n, 2, '0.05'],
    [-5n, 2, '-0.05'],
    [-1200n, 2, '-12.00'],
    [100n, 0, '100'],
    [1n, 18, '0.000000000000000001'],
    [10n ** 40n, 2, `1${'0'.repeat(38)}.00`],
  ])('write %p in scale %p as %p', (minor, scale, text) => {
    expect(formatAmount(minor, scale)).toBe(text);
  });

  it.each(['--1', '-', '+1', '- 1', '-01', '1-'])('refuse %p as a signed amount', (text) => {
    expect(reasonOf(() => parseSignedAmount(text, 2))).toBe('syntax');
  });

  it('refuse a signed amount out of range or of too many digits', () => {
    expect(reasonOf(() => parseSignedAmount(`-1${'0'.repeat(38)}`, 0))).toBe('range');
    expect(reasonOf(() => parseSignedAmount('-1.500', 2))).toBe('precision');
  });
});

describe('allocate', () => {
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 10n ** 20n }), { minLength: 1, maxLength: 20 })
    .filter((list) => list.some((weight) => weight > 0n));
  const sumOf = (parts: readonly bigint[]): bigint => parts.reduce((sum, part) => sum + part, 0n);
  const abs = (value: bigint): bigint => (value < 0n ? -value : value);

  it('REL-11 splits that sum to the whole, each less than one unit from its exact share', () => {
    fc.assert(
      fc.property(signed, weights, (total, list) => {
        const parts = allocate(total, list);
        const sum = sumOf(list);
        expect(sumOf(parts)).toBe(total);
        expect(parts).toHaveLength(list.length);
        parts.forEach((part, index) => {
          expect(abs(part * sum - total * (list[index] ?? 0n))).toBeLessThan(sum);
        });
      }),
    );
  });

  it('REL-11 gives the units left over to the largest remainders', () => {
    fc.assert(
      fc.property(unsigned, weights, (total, list) => {
        const sum = sumOf(list);
        const remainders = list.map((weight) => (total * weight) % sum);
        const given = allocate(total, list).map((part, index) => part > (total * (list[index] ?? 0n)) / sum);
        remainders.forEach((mine, i) => {
          remainders.forEach((other, j) => {
            if (mine > other || (mine === other && i < j)) expect(given[i] === true || given[j] === false).toBe(true);
          });
        });
      }),
    );
  });

  it('REL-11 splits a negative total as the positive one', () => {
    fc.assert(
      fc.property(unsigned, weights, (total, list) => {
        expect(allocate(-total, list)).toEqual(allocate(total, list).map((part) => -part));
      }),
    );
  });

  it.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [101n, [1n, 1n, 1n], [34n, 34n, 33n]],
    [-100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    [5n, [3n, 7n], [2n, 3n]],
    [1n, [0n, 1n, 0n], [0n, 1n, 0n]],
    [2n, [1n, 0n, 1n, 1n], [1n, 0n, 1n, 0n]],
    [0n, [1n, 2n], [0n, 0n]],
    [10n, [1n, 3n, 6n], [1n, 3n, 6n]],
  ])('splits %p by %p into %p', (total, list, parts) => {
    expect(allocate(total, list)).toEqual(parts);
  });

  it.each([[[]], [[0n, 0n]], [[1n, -1n, 1n]]])('refuses the weights %p', (list) => {
    expect(() => allocate(1n, list)).toThrow(RangeError);
  });
});
