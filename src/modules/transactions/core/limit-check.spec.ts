import { lowestAvailable } from './limit-check';
import { type CurrencyLimits } from './limits';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 10, 0, seconds));
const limits = (creditLine: CurrencyLimits['creditLine'], minimum: bigint | null = 5n): CurrencyLimits => ({
  ...{ currency: 'EUR', maximum: null, velocity: [] },
  ...{ minimum, creditLine },
});

describe('lowestAvailable', () => {
  it.each([
    ['no line', null, at(0), 5n],
    ['before it', { amount: 20n, from: at(10), until: at(20) }, new Date(at(10).getTime() - 1), 5n],
    ['from its first moment', { amount: 20n, from: at(10), until: at(20) }, at(10), -15n],
    ['to its last', { amount: 20n, from: at(10), until: at(20) }, new Date(at(20).getTime() - 1), -15n],
    ['and no more at its end', { amount: 20n, from: at(10), until: at(20) }, at(20), 5n],
    ['without a beginning', { amount: 20n, from: null, until: at(20) }, at(0), -15n],
    ['without an end', { amount: 20n, from: at(10), until: null }, at(59), -15n],
  ])('a credit line counts exactly while it is valid: %s', (_, line, now, lowest) => {
    expect(lowestAvailable(limits(line), now)).toBe(lowest);
  });

  it('is nothing without a minimum', () => {
    expect(lowestAvailable(limits(null, null), at(0))).toBeNull();
  });
});
