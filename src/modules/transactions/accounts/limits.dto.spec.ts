import 'reflect-metadata';
import fc from 'fast-check';
import { MAX_MINOR_UNITS } from '../../../common/money/amount';
import { Problem } from '../../../common/problems/problem';
import { ProblemValidationPipe } from '../../../platform/http/validation.pipe';
import { type CurrencyLimits, readLimits, storeLimits } from '../core/limits';
import { formatLimits, IsLimits, type CurrencyLimitsRequest, parseLimits } from './limits.dto';

class Body {
  @IsLimits()
  limits: CurrencyLimitsRequest[];
}

const scaleOf = (currency: string): number | undefined => ({ EUR: 2, JPY: 0, ETH: 18 })[currency];

/** As a request goes: shape first, then meaning. */
async function take(limits: unknown): Promise<CurrencyLimits[]> {
  const pipe = new ProblemValidationPipe();
  const body = (await pipe.transform({ limits }, { type: 'body', metatype: Body })) as Body;
  return parseLimits(body.limits, scaleOf);
}

async function refusalOf(limits: unknown): Promise<[string, string | undefined]> {
  const error: unknown = await take(limits).catch((problem: unknown) => problem);
  if (!(error instanceof Problem)) throw new Error(`taken, or broken: ${String(error)}`);
  return [error.type.code, error.options.errors?.[0]?.pointer];
}

const FULL = {
  currency: 'EUR',
  minimumAvailable: '0.00',
  maximumAvailable: '10000.00',
  creditLine: { amount: '500.00', from: '2026-01-01T00:00:00Z', until: null },
  velocity: [{ direction: 'debit', window: 'P1D', amount: '1000.00', count: 10 }],
};

describe('limits', () => {
  it('are read in minor units and written back', async () => {
    const limits = await take([FULL, { currency: 'JPY', maximumAvailable: '5' }]);
    expect(limits).toEqual([
      {
        currency: 'EUR',
        minimum: 0n,
        maximum: 1_000_000n,
        creditLine: { amount: 50_000n, from: new Date('2026-01-01T00:00:00Z'), until: null },
        velocity: [{ direction: 'debit', windowSeconds: 86_400, amount: 100_000n, count: 10 }],
      },
      { currency: 'JPY', minimum: null, maximum: 5n, creditLine: null, velocity: [] },
    ]);
    expect(formatLimits(limits, scaleOf)).toEqual([
      { ...FULL, creditLine: { ...FULL.creditLine, from: '2026-01-01T00:00:00.000Z' } },
      { currency: 'JPY', minimumAvailable: null, maximumAvailable: '5', creditLine: null, velocity: [] },
    ]);
  });

  it('may have a minimum below zero, and null for what is not limited', async () => {
    const [limit] = await take([
      { currency: 'EUR', minimumAvailable: '-12.50', maximumAvailable: null, creditLine: null, velocity: [] },
    ]);
    expect(limit).toEqual({ currency: 'EUR', minimum: -1250n, maximum: null, creditLine: null, velocity: [] });
  });

  const velocity = (change: object) => [{ ...FULL, velocity: [{ ...FULL.velocity[0], ...change }] }];
  const line = (change: object) => [{ ...FULL, creditLine: { ...FULL.creditLine, ...change } }];
  it.each<[string, unknown, string, string]>([
    ['no array', FULL, 'validation-failed', '/limits'],
    ['an array in the array', [[FULL]], 'validation-failed', '/limits/0'],
    ['no currency', [{}], 'validation-failed', '/limits/0/currency'],
    ['a currency twice', [FULL, FULL], 'validation-failed', '/limits'],
    ['an unknown currency', [{ currency: 'XYZ' }], 'unknown-currency', '/limits/0/currency'],
    ['an unknown field', [{ ...FULL, minimum: '0' }], 'validation-failed', '/limits/0/minimum'],
    ['a number', [{ ...FULL, minimumAvailable: 0 }], 'validation-failed', '/limits/0/minimumAvailable'],
    ['an exponent', [{ ...FULL, maximumAvailable: '1e5' }], 'validation-failed', '/limits/0/maximumAvailable'],
    ['too many decimals', [{ ...FULL, minimumAvailable: '0.001' }], 'amount-precision', '/limits/0/minimumAvailable'],
    [
      'too many digits',
      [{ currency: 'EUR', maximumAvailable: '9'.repeat(37) }],
      'amount-out-of-range',
      '/limits/0/maximumAvailable',
    ],
    [
      'maximum below minimum',
      [{ ...FULL, maximumAvailable: '-0.01' }],
      'validation-failed',
      '/limits/0/maximumAvailable',
    ],
    [
      'a credit line without a minimum',
      [{ ...FULL, minimumAvailable: null }],
      'validation-failed',
      '/limits/0/creditLine',
    ],
    ['a credit line of nothing', line({ amount: '0.00' }), 'validation-failed', '/limits/0/creditLine/amount'],
    ['a negative credit line', line({ amount: '-1.00' }), 'validation-failed', '/limits/0/creditLine/amount'],
    [
      'a credit line that ends before it begins',
      line({ until: '2026-01-01T00:00:00Z' }),
      'validation-failed',
      '/limits/0/creditLine/until',
    ],
    ['a day for a moment', line({ from: '2026-01-01' }), 'validation-failed', '/limits/0/creditLine/from'],
    ['a credit line that is an array', [{ ...FULL, creditLine: [] }], 'validation-failed', '/limits/0/creditLine'],
    ['months', velocity({ window: 'P1M' }), 'validation-failed', '/limits/0/velocity/0/window'],
    ['a window of no time', velocity({ window: 'PT0S' }), 'validation-failed', '/limits/0/velocity/0/window'],
    [
      'a window of more than 366 days',
      velocity({ window: 'P53W' }),
      'validation-failed',
      '/limits/0/velocity/0/window',
    ],
    ['neither amount nor count', velocity({ amount: null, count: null }), 'validation-failed', '/limits/0/velocity/0'],
    ['a count of zero', velocity({ count: 0 }), 'validation-failed', '/limits/0/velocity/0/count'],
    ['a broken count', velocity({ count: 1.5 }), 'validation-failed', '/limits/0/velocity/0/count'],
    ['a negative velocity', velocity({ amount: '-1.00' }), 'validation-failed', '/limits/0/velocity/0/amount'],
    [
      'a window twice',
      [{ ...FULL, velocity: [...FULL.velocity, { direction: 'debit', window: 'PT24H', count: 3 }] }],
      'validation-failed',
      '/limits/0/velocity/1',
    ],
    ['no velocity list', [{ ...FULL, velocity: null }], 'validation-failed', '/limits/0/velocity'],
  ])('refuses %s', async (_what, limits, code, pointer) => {
    expect(await refusalOf(limits)).toEqual([code, pointer]);
  });

  const amount = fc.bigInt({ min: 0n, max: MAX_MINOR_UNITS });
  const signed = fc.bigInt({ min: -MAX_MINOR_UNITS, max: MAX_MINOR_UNITS });
  const moment = fc.option(fc.date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }));
  const anyLimits: fc.Arbitrary<CurrencyLimits> = fc
    .record({
      currency: fc.constantFrom('EUR', 'JPY', 'ETH'),
      bounds: fc.tuple(fc.option(signed), fc.option(signed)),
      creditLine: fc.option(fc.record({ amount: amount.map((n) => n || 1n), from: moment, until: fc.constant(null) })),
      velocity: fc.uniqueArray(
        fc.record({
          direction: fc.constantFrom('debit' as const, 'credit' as const),
          windowSeconds: fc.integer({ min: 1, max: 366 * 86_400 }),
          amount: fc.option(amount),
          count: fc.integer({ min: 1, max: 1_000_000 }),
        }),
        { maxLength: 10, selector: ({ direction, windowSeconds }) => `${direction} ${windowSeconds}` },
      ),
    })
    .map(({ bounds: [one, other], creditLine, ...rest }) => {
      const [minimum, maximum] = one !== null && other !== null && one > other ? [other, one] : [one, other];
      return { ...rest, minimum, maximum, creditLine: minimum === null ? null : creditLine };
    });

  it('REL-11 come back from the wire and from jsonb as they were', () =>
    fc.assert(
      fc.asyncProperty(anyLimits, async (limits) => {
        expect(await take(JSON.parse(JSON.stringify(formatLimits([limits], scaleOf))))).toEqual([limits]);
        const stored = JSON.parse(JSON.stringify(storeLimits([limits]))) as ReturnType<typeof storeLimits>;
        expect(readLimits(stored)).toEqual([limits]);
      }),
    ));
});
