import fc from 'fast-check';
import { formatAmount, MAX_MINOR_UNITS, parseAmount } from '../../../common/money/amount';
import { Problem } from '../../../common/problems/problem';
import { type PostingEntry } from './orders';
import { readTemplate } from './template-definition';
import { expandTemplate } from './template-expansion';
import {
  type EntryDefinition,
  HUNDRED_PERCENT,
  type ParameterDefinition,
  PERCENT_SCALE,
  type ShareDefinition,
  type Template,
} from './transaction-template';

const scale = fc.integer({ min: 0, max: 18 });
const minor = fc.oneof(fc.bigInt({ min: 1n, max: 1000n }), fc.bigInt({ min: 1n, max: MAX_MINOR_UNITS / 100n }));
/** Of a hundred percent, in units of the last decimal. */
const percents = fc
  .array(fc.oneof(fc.bigInt({ min: 1n, max: HUNDRED_PERCENT }), fc.constant(HUNDRED_PERCENT / 3n)), { maxLength: 6 })
  .map((all) =>
    all.filter((_one, index) => all.slice(0, index + 1).reduce((sum, one) => sum + one, 0n) < HUNDRED_PERCENT),
  );
const percentText = (percent: bigint) => formatAmount(percent, PERCENT_SCALE);

/** What `work` gives; undefined where it refuses with a problem of this type. Anything else is a defect. */
function unlessRefused<T>(code: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Problem && error.type.code === code) return undefined;
    throw error;
  }
}

/** Sums to zero per currency, and every entry is above zero. */
function assertSound(entries: readonly PostingEntry[], scaleOf: (code: string) => number): void {
  const sums = new Map<string, bigint>();
  for (const { direction, amount, currency } of entries) {
    const value = parseAmount(amount, scaleOf(currency));
    expect(value > 0n).toBe(true);
    sums.set(currency, (sums.get(currency) ?? 0n) + (direction === 'debit' ? value : -value));
  }
  expect([...sums.values()].filter((sum) => sum !== 0n)).toEqual([]);
}

const split = (into: ShareDefinition[]): Template =>
  readTemplate({
    parameters: [{ name: 'amount', type: 'amount', currency: 'EUR' }],
    entries: [
      { direction: 'debit', account: 'whole', amount: '{amount}' },
      { direction: 'credit', split: 'amount', into },
    ],
  });

/** Minor units by account, those that are left out too. */
function sharesOf(template: Template, whole: bigint, digits: number): (account: string) => bigint {
  const { entries } = expandTemplate(template, { amount: formatAmount(whole, digits) }, () => digits);
  assertSound(entries, () => digits);
  const found = new Map(entries.slice(1).map(({ account, amount }) => [account, parseAmount(amount, digits)]));
  return (account) => found.get(account) ?? 0n;
}

describe('REL-11 a split', () => {
  it('of percentages and weights: every part is within a unit of the exact one', () => {
    fc.assert(
      fc.property(
        percents,
        fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 5 }),
        minor,
        scale,
        (parts, weights, whole, digits) => {
          fc.pre(parts.length + weights.length > 1);
          const part = sharesOf(
            split([
              ...parts.map((percent, index) => ({ account: `p${index}`, percent: percentText(percent) })),
              ...weights.map((weight, index) => ({ account: `w${index}`, weight })),
            ]),
            whole,
            digits,
          );
          let rest = whole;
          parts.forEach((percent, index) => {
            const off = part(`p${index}`) * HUNDRED_PERCENT - whole * percent;
            expect((off < 0n ? -off : off) < HUNDRED_PERCENT).toBe(true);
            rest -= part(`p${index}`);
          });
          const sum = BigInt(weights.reduce((total, weight) => total + weight, 0));
          weights.forEach((weight, index) => {
            const off = part(`w${index}`) * sum - rest * BigInt(weight);
            expect((off < 0n ? -off : off) < sum).toBe(true);
          });
        },
      ),
    );
  });

  it('of percentages that sum to a hundred: every part is within a unit of the exact one', () => {
    fc.assert(
      fc.property(percents, minor, scale, (some, whole, digits) => {
        fc.pre(some.length > 0);
        const parts = [...some, HUNDRED_PERCENT - some.reduce((sum, one) => sum + one, 0n)];
        const part = sharesOf(
          split(parts.map((percent, index) => ({ account: `p${index}`, percent: percentText(percent) }))),
          whole,
          digits,
        );
        parts.forEach((percent, index) => {
          const off = part(`p${index}`) * HUNDRED_PERCENT - whole * percent;
          expect((off < 0n ? -off : off) < HUNDRED_PERCENT).toBe(true);
        });
      }),
    );
  });

  it('with fixed amounts on top: they are taken from the rest, or refused when there is too little', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: HUNDRED_PERCENT - 1n }),
        fc.bigInt({ min: 1n, max: 100n }),
        fc.bigInt({ min: 1n, max: 100n }),
        minor,
        scale,
        (percent, plus, fixed, whole, digits) => {
          const template = split([
            { account: 'fees', percent: percentText(percent), plus: formatAmount(plus, digits) },
            { account: 'tax', amount: formatAmount(fixed, digits) },
            { account: 'seller', amount: 'remainder' },
          ]);
          const part = unlessRefused('template-parameters-invalid', () => sharesOf(template, whole, digits));
          // by another way than the code: nearest, halves up, is what the largest remainder of two parts comes to
          const fee = (whole * percent * 2n + HUNDRED_PERCENT) / (2n * HUNDRED_PERCENT) + plus;
          expect(part === undefined).toBe(whole < fee + fixed);
          if (part) expect(['fees', 'tax', 'seller'].map(part)).toEqual([fee, fixed, whole - fee - fixed]);
        },
      ),
    );
  });
});

const NAMES = ['a', 'b', 'c'];
const quantity = fc.oneof(
  fc.record({ amount: fc.constantFrom('{a}', '{b}', '{c}') }),
  fc.record({ amount: fc.constantFrom('1', '0.05'), currency: fc.constantFrom('EUR', '{currency}') }),
  fc.record(
    {
      percent: fc.constantFrom('2.9', '50', '100', '0.00000001', '119', '33.33333333'),
      of: fc.constantFrom(...NAMES),
      plus: fc.constantFrom('0.30', '{a}', '{b}'),
      minimum: fc.constantFrom('0.01', '{b}'),
      maximum: fc.constantFrom('5.00', '{c}'),
    },
    { requiredKeys: ['percent', 'of'] },
  ),
);
const share = fc
  .oneof(
    fc.record({ weight: fc.integer({ min: 1, max: 9 }) }),
    fc.constant({ amount: 'remainder' }),
    quantity.map((given) =>
      Object.fromEntries(Object.entries(given).filter(([name]) => !['of', 'currency'].includes(name))),
    ),
  )
  .map((given) => ({ account: 'shares:{who}', ...given }));
const direction = fc.constantFrom('debit' as const, 'credit' as const);
const entry = fc.oneof(
  fc.tuple(direction, quantity).map(([side, given]): EntryDefinition => ({ direction: side, account: 'x', ...given })),
  fc
    .tuple(direction, fc.constantFrom(...NAMES), fc.array(share, { minLength: 2, maxLength: 4 }))
    .map(([side, of, into]): EntryDefinition => ({ direction: side, split: of, into })),
);
/** An entry and its counterpart, so that what balances is met often. */
const entries = fc
  .array(
    fc.oneof(
      entry.map((one) => [one]),
      fc.tuple(entry, entry).map(([one, other]) => {
        const of = one.split ?? one.of ?? 'a';
        return [
          one,
          { direction: one.direction === 'debit' ? 'credit' : 'debit', account: 'y', amount: `{${of}}` },
          ...(other.split ? [] : [other, { ...other, direction: other.direction === 'debit' ? 'credit' : 'debit' }]),
        ] as EntryDefinition[];
      }),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((groups) => groups.flat());
const parameters: fc.Arbitrary<ParameterDefinition[]> = fc
  .tuple(
    ...NAMES.map(() => fc.record({ currency: fc.constantFrom('EUR', 'EUR', '{currency}'), mayBeZero: fc.boolean() })),
  )
  .map((given) => [
    { name: 'currency', type: 'currency', default: 'EUR' },
    { name: 'who', type: 'string' },
    ...given.map((one, index) => ({ name: NAMES[index] ?? '', type: 'amount' as const, ...one })),
  ]);
const value = fc.bigInt({ min: 0n, max: 100_000n }).map((amount) => formatAmount(amount, 2));
const values = fc.record({
  a: value,
  b: value,
  c: value,
  who: fc.constantFrom('7', 'x y', 'a:b'),
  currency: fc.constantFrom('EUR', 'USD', 'BHD', 'JPY', 'XYZ'),
});
const SCALES: Readonly<Record<string, number>> = { EUR: 2, USD: 2, BHD: 3, JPY: 0 };

describe('REL-01 any template', () => {
  it('is refused, or makes entries that balance and are above zero, the same ones each time', () => {
    let [written, expanded] = [0, 0];
    fc.assert(
      fc.property(parameters, entries, fc.array(values, { minLength: 10, maxLength: 10 }), (declared, lines, given) => {
        const template = unlessRefused('template-invalid', () =>
          readTemplate({ parameters: declared, entries: lines }, (code) => SCALES[code]),
        );
        if (!template) return;
        written += 1;
        for (const one of given) {
          const expand = () => expandTemplate(template, one, (code) => SCALES[code]);
          const expansion = unlessRefused('template-parameters-invalid', () => unlessRefused('unbalanced', expand));
          if (!expansion) continue;
          expanded += 1;
          expect(expansion.entries.length).toBeGreaterThan(1);
          assertSound(expansion.entries, (code) => SCALES[code] ?? NaN);
          expect(expand()).toEqual(expansion);
        }
      }),
      { numRuns: 3000 },
    );
    // the property says nothing when everything is refused
    expect(written).toBeGreaterThan(100);
    expect(expanded).toBeGreaterThan(100);
  });

  it('of one amount that is taken balances for every amount', () => {
    fc.assert(
      fc.property(entries, minor, scale, (lines, whole, digits) => {
        // all three names stand for one
        const one = JSON.parse(
          JSON.stringify(lines)
            .replaceAll(/\{[bc]\}/g, '{a}')
            .replaceAll(/"(of|split)":"[bc]"/g, '"$1":"a"')
            .replaceAll('{currency}', 'EUR')
            .replaceAll('{who}', 'w'),
        ) as EntryDefinition[];
        const template = unlessRefused('template-invalid', () =>
          readTemplate({ parameters: [{ name: 'a', type: 'amount', currency: 'EUR' }], entries: one }),
        );
        if (!template) return;
        const expansion = unlessRefused('template-parameters-invalid', () =>
          expandTemplate(template, { a: formatAmount(whole, digits) }, () => digits),
        );
        if (expansion) assertSound(expansion.entries, () => digits);
      }),
      { numRuns: 3000 },
    );
  });
});
