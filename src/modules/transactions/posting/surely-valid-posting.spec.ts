import 'reflect-metadata';
import { type ArgumentMetadata } from '@nestjs/common';
import fc from 'fast-check';
import { isSurelyValid as isSurelyValidFor } from '../../../platform/http/surely-valid';
import { ProblemValidationPipe } from '../../../platform/http/validation.pipe';
import { surelyValidPosting } from './surely-valid-posting';
import { ENTRIES_MAX, EntryRequest, PostTransactionQuery, PostTransactionRequest } from './transaction.dto';

const isSurelyValid = surelyValidPosting(ENTRIES_MAX);

/** As a body comes in: every member an own one, whatever its name, and no classes. */
const fromJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The same DTO without the short cut. */
class Twin extends PostTransactionRequest {}
const pipe = new ProblemValidationPipe();
const lookClosely = (body: unknown) =>
  pipe.transform(fromJson(body), { type: 'body', metatype: Twin } as ArgumentMetadata) as Promise<Twin>;

const ordinary = fc.record(
  {
    reference: fc.constantFrom(null, 'order-4711'),
    description: fc.constantFrom(null, '', 'Order 4711, größer als 😀'),
    effectiveAt: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') })
      .map((date) => date.toISOString()),
    status: fc.constantFrom('posted', 'pending'),
    expiresAt: fc.constant('2026-11-21T10:15:00+01:00'),
    entries: fc.array(
      fc.record(
        {
          account: fc.constantFrom('assets:bank:main', '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02'),
          direction: fc.constantFrom('debit', 'credit'),
          amount: fc.tuple(fc.nat(), fc.nat(99)).map(([whole, part]) => `${whole}.${part}`),
          currency: fc.constantFrom('EUR', 'POINTS.GOLD'),
          ifVersion: fc.nat(),
          ifAvailableAtLeast: fc.constantFrom('-25.00', '0'),
          ifAvailableAtMost: fc.constantFrom('-25.00', '0'),
        },
        { requiredKeys: ['account', 'direction', 'amount', 'currency'] },
      ),
      { minLength: 2, maxLength: 4 },
    ),
    metadata: fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 50 }),
  },
  { requiredKeys: ['entries'] },
);

/** What JSON may have in any place. */
const oddity = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, -0, 1.5, 2 ** 53, '', ' ', '\0', '7', [], {}, [null], 'debit', 'posted'),
  fc.jsonValue({ maxDepth: 2 }),
);
const text = (least: number, most: number): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.string({ unit: 'binary', minLength: least, maxLength: most }),
    fc.constantFrom(...[least - 1, least, most, most + 1].map((length) => 'x'.repeat(Math.max(0, length)))),
    // class-validator counts one, and as many as may be
    fc.constantFrom('\u{1f600}', 'x\ufe0f', '\u{1f600}'.repeat(most)),
  );
const amount = fc.oneof(
  fc.constantFrom('0', '0.00', '00', '01', '1.', '.1', '-1', '-0', '--1', '+1', ' 1', '1\n', '1,0', '٣', '1e3'),
  fc.constantFrom(...['9'.repeat(38), `1.${'0'.repeat(18)}`].flatMap((most) => [most, `-${most}`, `${most}0`])),
);
const instant = fc.constantFrom('2026-11-21', '2026-02-30T00:00:00Z', '2026-11-21T10:15:00.0001Z', 'now');
const names = fc.constantFrom('toString', 'constructor', '__proto__', 'prototype', 'extra', 'entries', 'status', '');
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

/** Where a posting may be out of the ordinary, and how. */
const places: readonly (readonly [readonly (string | number)[], fc.Arbitrary<unknown>])[] = [
  [['reference'], text(1, 255)],
  [['description'], text(0, 1000)],
  [['effectiveAt'], instant],
  [['status'], fc.constant('expired')],
  [['expiresAt'], instant],
  [['entries'], fc.constantFrom([], {})],
  [['entries', 0], fc.constantFrom([], {})],
  [['entries', 1, 'account'], text(1, 255)],
  [['entries', 0, 'direction'], fc.constant('DEBIT')],
  [['entries', 1, 'amount'], amount],
  [['entries', 0, 'currency'], text(2, 16)],
  [['entries', 1, 'ifVersion'], oddity],
  [['entries', 0, 'ifAvailableAtLeast'], amount],
  [['entries', 1, 'ifAvailableAtMost'], amount],
  [['metadata'], fc.dictionary(fc.string(), fc.constant(1), { minKeys: 49, maxKeys: 52 })],
  [['metadata', 'deep'], fc.constantFrom(...[3, 4, 5].map(nested))],
  [['metadata', 'large'], fc.constantFrom('x'.repeat(16_000), 'x'.repeat(17_000))],
  [['metadata', 'inside'], fc.tuple(names, oddity).map(([name, value]) => withMember({}, name, value))],
];
const deviation = fc
  .constantFrom(...places)
  .chain(([path, values]) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ path: fc.constant(path), value: fc.oneof(values, oddity) }) },
      { weight: 1, arbitrary: fc.record({ path: fc.constant(path), value: fc.constant(undefined) }) },
      { weight: 1, arbitrary: fc.record({ path: names.map((name) => [...path.slice(0, -1), name]), value: oddity }) },
    ),
  );
const posting = fc.tuple(ordinary, fc.array(deviation, { maxLength: 2 })).map(([usual, deviations]) => {
  const body = fromJson(usual);
  for (const { path, value } of deviations) {
    let parent: unknown = body;
    for (const step of path.slice(0, -1)) parent = (parent as Record<string, unknown> | undefined)?.[step];
    if (typeof parent !== 'object' || parent === null) continue;
    const last = String(path.at(-1));
    // as JSON: a member is there or it is not
    if (value === undefined) Reflect.deleteProperty(parent, last);
    else withMember(parent, last, value);
  }
  return body;
});

/** An own member whatever its name, as JSON.parse makes it. */
function withMember(object: object, name: string, value: unknown): object {
  return Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

describe('surelyValidPosting', () => {
  it('accepts nothing that class-validator refuses, and nothing that class-transformer changes', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 50, arbitrary: posting }, { weight: 1, arbitrary: oddity }), async (body) => {
        if (!isSurelyValid(body)) return;
        accepted += 1;
        const made = await lookClosely(body);
        expect(made).toBeInstanceOf(PostTransactionRequest);
        expect(made.entries?.every((item) => item instanceof EntryRequest)).toBe(true);
        expect(fromJson(made)).toStrictEqual(fromJson(body));
        // as it came, so that what follows sees what class-transformer would have made
        expect(pipe.transform(body, { type: 'body', metatype: PostTransactionRequest })).toBe(body);
      }),
      { numRuns: 3_000 },
    );
    // a check that says no to everything is right, and of no use
    expect(accepted).toBeGreaterThan(500);
  });

  it.each([2, ENTRIES_MAX])('accepts ordinary postings of %d entries', (count) => {
    const entries = Array.from({ length: count }, (_, index) => ({
      account: index % 2 ? 'assets:bank:main' : '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02',
      direction: index % 2 ? 'credit' : 'debit',
      amount: '25.00',
      currency: 'EUR',
    }));
    expect(isSurelyValid({ entries })).toBe(true);
    const metadata = { channel: 'web', tags: ['a', 1, null, { deep: true }] };
    const effectiveAt = '2026-11-21T10:15:00Z';
    expect(isSurelyValid({ entries, reference: 'order-4711', description: 'Größe 😀', effectiveAt, metadata })).toBe(
      true,
    );
    expect(isSurelyValid({ entries, reference: null, description: null, metadata: {} })).toBe(true);
  });

  it.each<[string, object]>([
    ['one entry', { entries: [{ account: 'a', direction: 'debit', amount: '1', currency: 'EUR' }] }],
    [
      'too many',
      { entries: Array(ENTRIES_MAX + 1).fill({ account: 'a', direction: 'debit', amount: '1', currency: 'EUR' }) },
    ],
    ['no entries', { reference: 'order-4711' }],
    ['inherited entries', Object.create({ entries: [] }) as object],
  ])('leaves to class-validator: %s', async (_, body) => {
    expect(isSurelyValid(body)).toBe(false);
    await expect(lookClosely(body)).rejects.toMatchObject({ type: { code: 'validation-failed' } });
  });

  it('leaves to class-validator what it does not know', () => {
    const entry = { account: 'a', direction: 'debit', amount: '1', currency: 'EUR' };
    expect(isSurelyValid({ entries: [entry, entry] })).toBe(true);
    expect(isSurelyValid({ entries: [entry, entry], extra: 1 })).toBe(false);
    expect(isSurelyValid({ entries: [entry, { ...entry, extra: 1 }] })).toBe(false);
  });
});

describe('PostTransactionQuery', () => {
  class QueryTwin extends PostTransactionQuery {}

  it('is taken as it came only where class-validator finds nothing', async () => {
    let asItCame = 0;
    const flag = fc.oneof({ weight: 5, arbitrary: fc.constantFrom('true', 'false') }, oddity, fc.constant(['true']));
    const query = fc.record({ dryRun: flag, balances: flag, extra: oddity }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(query, async (given) => {
        if (!isSurelyValidFor(PostTransactionQuery, given)) return;
        asItCame += 1;
        const made: unknown = await pipe.transform(fromJson(given), { type: 'query', metatype: QueryTwin });
        expect(fromJson(made)).toStrictEqual(fromJson(given));
      }),
      { numRuns: 1_000 },
    );
    expect(asItCame).toBeGreaterThan(20);
  });
});
