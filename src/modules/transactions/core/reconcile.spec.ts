import fc from 'fast-check';
import { reconcile } from './reconcile';

const amount = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).filter((change) => change !== 0n);
/** Of each reference: what the ledger has and what the statement has; undefined: nothing. */
const pairs = fc.uniqueArray(
  fc.record({
    reference: fc.string({ minLength: 1, maxLength: 8 }),
    ours: fc.option(amount, { nil: undefined }),
    theirs: fc.option(amount, { nil: undefined }),
    same: fc.boolean(),
  }),
  { selector: ({ reference }) => reference, maxLength: 30 },
);

describe('reconcile', () => {
  it('REL-12 names every line without a transaction, every transaction without a line, every other amount, and nothing else', () => {
    fc.assert(
      fc.property(pairs, fc.array(amount, { maxLength: 5 }), (given, unnamed) => {
        const sides = given.map(({ reference, ours, theirs, same }) => ({
          reference,
          ours,
          theirs: same && ours !== undefined && theirs !== undefined ? ours : theirs,
        }));
        const booked = [
          ...sides.flatMap(({ reference, ours }) =>
            ours === undefined ? [] : [{ transactionId: `t ${reference}`, reference, change: ours }],
          ),
          ...unnamed.map((change, index) => ({ transactionId: `u ${index}`, reference: null, change })),
        ];
        const lines = sides.flatMap(({ reference, theirs }) =>
          theirs === undefined ? [] : [{ reference, change: theirs }],
        );
        const { matched, missing, extra, different } = reconcile(lines, booked);
        const both = sides.filter(({ ours, theirs }) => ours !== undefined && theirs !== undefined);
        expect(matched).toBe(both.filter(({ ours, theirs }) => ours === theirs).length);
        expect(missing).toEqual(
          sides.flatMap(({ reference, ours, theirs }) =>
            ours === undefined && theirs !== undefined ? [{ reference, change: theirs }] : [],
          ),
        );
        expect(extra.map(({ transactionId }) => transactionId)).toEqual([
          ...sides.flatMap(({ reference, ours, theirs }) =>
            ours !== undefined && theirs === undefined ? [`t ${reference}`] : [],
          ),
          ...unnamed.map((_, index) => `u ${index}`),
        ]);
        expect(different.map((one) => [one.booked.reference, one.booked.change, one.change])).toEqual(
          both
            .filter(({ ours, theirs }) => ours !== theirs)
            .map(({ reference, ours, theirs }) => [reference, ours, theirs]),
        );
        // nothing is lost: what is wrong is the whole difference
        const sum = (changes: readonly bigint[]) => changes.reduce((total, change) => total + change, 0n);
        expect(
          sum(missing.map(({ change }) => change)) -
            sum(extra.map(({ change }) => change)) +
            sum(different.map((one) => one.change - one.booked.change)),
        ).toBe(sum(lines.map(({ change }) => change)) - sum(booked.map(({ change }) => change)));
      }),
      { numRuns: 500 },
    );
  });

  it('adds lines of one reference up, and leaves out what comes to nothing', () => {
    const booked = [
      { transactionId: 'a', reference: 'fee and payment', change: 90n },
      { transactionId: 'b', reference: 'there and back', change: 0n },
    ];
    const lines = [
      { reference: 'fee and payment', change: 100n },
      { reference: 'fee and payment', change: -10n },
    ];
    expect(reconcile(lines, booked)).toEqual({ matched: 1, missing: [], extra: [], different: [] });
  });
});
