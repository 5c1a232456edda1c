import * as fc from 'fast-check';
import { Problem } from '../../../common/problems/problem';
import { type AccountState } from './account-state';
import { Book } from './book';
import { FIRST_HASH } from './hash-chain';
import { type Posting, type PostingEntry } from './orders';
import { post } from './posting';

const NOW = new Date('2026-11-21T10:15:00.000Z');
const ACCOUNTS: AccountState[] = [
  { id: 'id-a', code: 'a', open: true, currencies: null },
  { id: 'id-b', code: 'b', open: true, currencies: null },
  { id: 'id-eur', code: 'eur-only', open: true, currencies: ['EUR'] },
  { id: 'id-shut', code: 'shut', open: false, currencies: null },
].map((account) => ({ ...account, normalBalance: 'debit', frozen: null, limits: [] }));

function book(): Book {
  const accounts = new Map(
    ACCOUNTS.flatMap((account) => [[account.id, account] as const, [account.code, account] as const]),
  );
  return new Book({
    ledgerId: 'ledger',
    sequence: 0n,
    hash: FIRST_HASH,
    now: NOW,
    accounts,
    balances: new Map(),
    currencies: new Map([['PTS', { code: 'PTS', scale: 0, name: 'Points' }]]),
    references: new Set(),
  });
}

const posting = (entries: PostingEntry[], reference: string | null = null): Posting => ({
  id: 'id',
  kind: 'posting',
  pending: false,
  expiresAt: null,
  templateId: null,
  reference,
  description: null,
  effectiveAt: undefined,
  createdBy: 'me',
  metadata: {},
  entries,
});
const debit = (account: string, amount: string, currency = 'EUR'): PostingEntry => ({
  account,
  direction: 'debit',
  amount,
  currency,
});
const credit = (account: string, amount: string, currency = 'EUR'): PostingEntry => ({
  account,
  direction: 'credit',
  amount,
  currency,
});

function refusalOf(work: () => unknown): { code: string; pointer: string | undefined } {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return { code: error.type.code, pointer: error.options.errors?.[0]?.pointer };
    throw error;
  }
  throw new Error('it was accepted');
}

/** All of a book that a posting can change, as text. */
const stateOf = (book: Book): string =>
  JSON.stringify(
    [book.sequence.toString(), [...book.references], [...book.adopted.keys()], [...book.balances.values()]],
    (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );

describe('Book', () => {
  it('moves both accounts and counts on', () => {
    const subject = book();
    const first = post(subject, posting([debit('a', '25.00'), credit('b', '25.00')]));
    const second = post(subject, posting([debit('id-a', '0.01'), credit('id-b', '0.01')]));
    expect([first.sequence, second.sequence]).toEqual([1n, 2n]);
    expect(second.entries.map(({ balanceAfter, version }) => [balanceAfter, version])).toEqual([
      [2501n, 2n],
      [-2501n, 2n],
    ]);
  });

  it.each([
    ['unbalanced', [debit('a', '1.00'), credit('b', '2.00')], '/entries'],
    ['unbalanced', [debit('a', '1.00', 'EUR'), credit('b', '1.00', 'USD')], '/entries'],
    ['unknown-account', [debit('a', '1.00'), credit('nobody', '1.00')], '/entries/1/account'],
    ['account-closed', [debit('shut', '1.00'), credit('b', '1.00')], '/entries/0/account'],
    ['unknown-currency', [debit('a', '1.00', 'ZZZ'), credit('b', '1.00', 'ZZZ')], '/entries/0/currency'],
    ['currency-not-allowed', [debit('a', '1.00', 'USD'), credit('eur-only', '1.00', 'USD')], '/entries/1/currency'],
    ['amount-precision', [debit('a', '1.001'), credit('b', '1.001')], '/entries/0/amount'],
    ['amount-precision', [debit('a', '1.5', 'PTS'), credit('b', '1.5', 'PTS')], '/entries/0/amount'],
    ['amount-out-of-range', [debit('a', '0.00'), credit('b', '0.00')], '/entries/0/amount'],
    ['amount-out-of-range', [debit('a', '9'.repeat(37)), credit('b', '9'.repeat(37))], '/entries/0/amount'],
  ])('refuses %s and says where', (code, entries, pointer) => {
    const subject = book();
    const before = stateOf(subject);
    expect(refusalOf(() => post(subject, posting(entries)))).toEqual({ code, pointer });
    expect(stateOf(subject)).toBe(before);
  });

  it('REL-11 refuses a balance of more than 38 digits, also when one posting gets there in two entries', () => {
    const subject = book();
    const half = '6' + '0'.repeat(37);
    expect(
      refusalOf(() =>
        post(
          subject,
          posting([
            debit('a', half, 'PTS'),
            debit('a', half, 'PTS'),
            credit('b', half, 'PTS'),
            credit('b', half, 'PTS'),
          ]),
        ),
      ).code,
    ).toBe('amount-out-of-range');
  });

  it('refuses a reference that is taken', () => {
    const subject = book();
    post(subject, posting([debit('a', '1.00'), credit('b', '1.00')], 'r'));
    expect(refusalOf(() => post(subject, posting([debit('a', '1.00'), credit('b', '1.00')], 'r'))).code).toBe(
      'reference-used',
    );
  });

  it('REL-01, REL-02 keeps every invariant over any series of postings, and a refused one changes nothing', () => {
    const entry = fc.record({
      account: fc.constantFrom('a', 'b', 'id-a', 'eur-only', 'shut', 'nobody'),
      direction: fc.constantFrom('debit' as const, 'credit' as const),
      amount: fc.constantFrom('0', '1', '2', '2.50', '0.001'),
      currency: fc.constantFrom('EUR', 'PTS', 'JPY', 'ZZZ'),
    });
    // half of them right by construction, so that many are accepted
    const balanced = fc
      .record({
        amount: fc.constantFrom('1', '2', '7'),
        currency: fc.constantFrom('EUR', 'PTS', 'JPY'),
        swap: fc.boolean(),
      })
      .map(({ amount, currency, swap }) => {
        const pair = [debit('a', amount, currency), credit('id-b', amount, currency)];
        return swap ? pair.reverse() : pair;
      });
    const entries = fc.oneof(balanced, fc.array(entry, { minLength: 2, maxLength: 5 }));
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(entries, fc.option(fc.constantFrom('r1', 'r2', 'r3'))), { maxLength: 30 }),
        (series) => {
          const subject = book();
          const model = new Map<string, { signed: number; n: bigint }>();
          let sequence = 0n;
          for (const [legs, reference] of series) {
            const before = stateOf(subject);
            try {
              const posted = post(subject, posting(legs, reference));
              accepted += 1;
              sequence += 1n;
              expect(posted.sequence).toBe(sequence);
              // the model adds in thousandths, as plain numbers
              for (const leg of legs) {
                const id = leg.account.startsWith('id-')
                  ? leg.account
                  : ACCOUNTS.find(({ code }) => code === leg.account)?.id;
                const key = `${String(id)} ${leg.currency}`;
                const old = model.get(key) ?? { signed: 0, n: 0n };
                const change = Math.round(Number(leg.amount) * 1000) * (leg.direction === 'debit' ? 1 : -1);
                model.set(key, { signed: old.signed + change, n: old.n + 1n });
              }
            } catch (error) {
              if (!(error instanceof Problem)) throw error;
              expect(stateOf(subject)).toBe(before);
            }
          }
          for (const [key, { signed, n }] of model) {
            const balance = subject.balances.get(key);
            const scale = key.endsWith('EUR') ? 2 : 0;
            expect(Number((balance?.debits ?? 0n) - (balance?.credits ?? 0n))).toBe((signed * 10 ** scale) / 1000);
            expect(balance?.version).toBe(n);
          }
          expect(subject.balances.size).toBe(model.size);
        },
      ),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  });
});
