import fc from 'fast-check';
import { backoffMs } from './backoff';

describe('backoffMs', () => {
  it('doubles, and takes a random half of the pause', () => {
    expect([1, 2, 3].map((attempt) => backoffMs(attempt, 1_000, 1))).toEqual([1_000, 2_000, 4_000]);
    expect([1, 2, 3].map((attempt) => backoffMs(attempt, 1_000, 0))).toEqual([500, 1_000, 2_000]);
  });

  it('stays within an hour, also where 2^n is beyond all numbers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, first, random) => {
          const pause = backoffMs(attempt, first, random);
          expect(Number.isInteger(pause)).toBe(true);
          expect(pause).toBeGreaterThanOrEqual(0);
          expect(pause).toBeLessThanOrEqual(3_600_000);
        },
      ),
    );
  });
});
