import * as fc from 'fast-check';
import { startTestApp, type TestApp } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

/** Sums in cents: posted debits and credits, pending debits and credits. */
type Sums = [number, number, number, number];
/** By `code currency`. */
type Book = Record<string, Sums>;

interface Balance {
  readonly code: string;
  readonly currency: string;
  readonly accounts: number;
  readonly posted: { readonly debits: string; readonly credits: string; readonly amount: string };
  readonly pending: { readonly debits: string; readonly credits: string };
}

interface EntryRow {
  readonly id: string;
  readonly kind: string;
  readonly of: string;
  readonly balance: string;
  readonly direction: 'debit' | 'credit';
  readonly amount: string;
  readonly version: string;
  readonly balance_after: string;
  readonly effective_at: Date;
  readonly created_at: Date;
  /** Of an entry of a hold whose end is not recorded. */
  readonly expires_at: Date | null;
  readonly remaining: string | null;
}

const DAY = 86_400_000;
const CODES = ['assets:cash', 'assets:bank:main', 'assets:bank:other', 'users:ann:wallet', 'users:bob:wallet', 'users'];
const TYPES = Object.fromEntries(CODES.map((code) => [code, code.startsWith('assets') ? 'asset' : 'liability']));

const move = fc.record({
  debit: fc.constantFrom(...CODES),
  credit: fc.constantFrom(...CODES),
  cents: fc.integer({ min: 1, max: 5_000 }),
  currency: fc.constantFrom('EUR', 'USD'),
  /** Days from now at which it is effective; undefined: now. */
  days: fc.option(fc.integer({ min: -9, max: 3 }), { nil: undefined, freq: 2 }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('post' as const), move }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('hold' as const),
      move,
      expiresIn: fc.constantFrom(undefined, 40, 150, 400, 2 * DAY),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('capture' as const, 'void' as const, 'reverse' as const),
      which: fc.nat(),
      share: fc.constantFrom(1, 0.5),
      days: fc.option(fc.integer({ min: -9, max: 3 }), { nil: undefined, freq: 2 }),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const FIRST = {
  debit: 'assets:cash',
  credit: 'users:ann:wallet',
  cents: 999,
  currency: 'EUR',
  days: undefined,
} as const;
/** So that every run has an entry of each kind. */
const OPENING: readonly Step[] = [
  { does: 'hold', move: FIRST, expiresIn: 40 },
  { does: 'post', move: FIRST },
  { does: 'reverse', which: 1, share: 0.5, days: undefined },
  { does: 'hold', move: { ...FIRST, days: -4 }, expiresIn: undefined },
  { does: 'capture', which: 2, share: 0.5, days: -3 },
  { does: 'void', which: 2, share: 1, days: undefined },
];

let app: TestApp;
let token: string;
/** What came about in all runs: a property that never gets to a kind of entry does not test it. */
const seen = new Set<string>();

beforeAll(async () => {
  app = await startTestApp();
  ({ token } = await app.createTenantWithOwner());
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await app.close();
});

const cents = (text: string) => Math.round(Number(text) * 100);
const inDays = (days: number | undefined) =>
  days === undefined ? {} : { effectiveAt: new Date(Date.now() + days * DAY).toISOString() };
const sorted = (book: Book): Book => Object.fromEntries(Object.entries(book).sort(([a], [b]) => (a < b ? -1 : 1)));

async function get<T>(path: string): Promise<T> {
  const { status, body, text } = await app.request('GET', path, { token });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return body as T;
}

async function read(ledger: TestLedger, query = ''): Promise<Balance[]> {
  // small pages: the cursor carries the question
  let page = await get<{ items: Balance[]; next: string | null }>(`${ledger.path}/balances?limit=5${query}`);
  const items = [...page.items];
  while (page.next) {
    page = await get(`${ledger.path}/balances?limit=5&cursor=${page.next}`);
    items.push(...page.items);
  }
  return items;
}

const bookOf = (items: readonly Balance[]): Book =>
  sorted(
    Object.fromEntries(
      items.map(({ code, currency, posted, pending }) => [
        `${code} ${currency}`,
        [posted.debits, posted.credits, pending.debits, pending.credits].map(cents) as Sums,
      ]),
    ),
  );

/** Carries out one step; a refusal is as good as any answer. */
async function carryOut(ledger: TestLedger, of: Step, made: { id: string; cents: number }[]) {
  if (of.does === 'post' || of.does === 'hold') {
    const { debit, credit, currency, days } = of.move;
    const hold = of.does === 'hold' && {
      status: 'pending',
      ...(of.expiresIn === undefined ? {} : { expiresAt: new Date(Date.now() + of.expiresIn).toISOString() }),
    };
    const body = {
      ...posting((of.move.cents / 100).toFixed(2), { debit, credit, currency }),
      ...inDays(days),
      ...(hold || {}),
    };
    const answer = await app.request('POST', `${ledger.path}/transactions`, { token, body });
    if (answer.status === 201) made.push({ id: (answer.body as { id: string }).id, cents: of.move.cents });
    return;
  }
  const parent = made[of.which % Math.max(1, made.length)];
  if (!parent) return;
  const amount = of.share === 1 || of.does === 'void' ? {} : { amount: (Math.ceil(parent.cents / 2) / 100).toFixed(2) };
  const body = { ...amount, ...inDays(of.days) };
  const answer = await app.request('POST', `${ledger.path}/transactions/${parent.id}/${of.does}`, { token, body });
  if (answer.status === 201 && of.does === 'capture')
    made.push({ id: (answer.body as { id: string }).id, cents: parent.cents });
}

const entriesOf = (ledger: TestLedger) =>
  app.sql<EntryRow>(
    `SELECT t.id, e.kind, t.kind AS of, a.code || ' ' || e.currency AS balance, e.direction, e.amount, e.version, e.balance_after, e.effective_at, e.created_at,
            h.expires_at, h.remaining[e.position + 1] AS remaining
       FROM transactions t JOIN entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
       LEFT JOIN holds h ON h.tenant_id = t.tenant_id AND h.transaction_id = t.id AND h.status = 'pending'
      WHERE t.ledger_id = $1 ORDER BY t.sequence, e.position`,
    [ledger.id],
  );

/** The book again, entry by entry. */
function replay(entries: readonly EntryRow[], at: Date, axis: 'effective' | 'created'): Book {
  const book: Book = {};
  for (const entry of entries) {
    // of the end of a hold everyone knew at its moment
    const moment = axis === 'effective' || entry.of === 'expiry' ? entry.effective_at : entry.created_at;
    if (moment > at) continue;
    const sums = (book[entry.balance] ??= [0, 0, 0, 0]);
    const pending = entry.kind === 'held' || entry.kind === 'released';
    const place = (pending ? 2 : 0) + (entry.direction === 'debit' ? 0 : 1);
    sums[place] = (sums[place] ?? 0) + Number(entry.amount) * (entry.kind === 'released' ? -1 : 1);
    if (entry.expires_at && entry.expires_at <= at) sums[place] = (sums[place] ?? 0) - Number(entry.remaining);
  }
  return sorted(book);
}

/** What the balances below each beginning of their codes come to. */
function rolledUp(book: Book, depth: number): Book {
  const sums: Book = {};
  for (const [balance, values] of Object.entries(book)) {
    const [code = '', currency = ''] = balance.split(' ');
    const sum = (sums[`${code.split(':').slice(0, depth).join(':')} ${currency}`] ??= [0, 0, 0, 0]);
    values.forEach((value, place) => (sum[place] = (sum[place] ?? 0) + value));
  }
  return sorted(sums);
}

describe('REL-14 balances as of a moment', () => {
  it('are those that readers saw then, those of a replay on either axis, and the sums of their children', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 24 }), async (steps) => {
        const ledger = await createLedger(app, token, undefined, TYPES);
        const made: { id: string; cents: number }[] = [];
        const snapshots: { at: Date; book: Book; until: number }[] = [];
        for (const each of [...OPENING, ...steps]) {
          await carryOut(ledger, each, made);
          // one moment, one state: what follows is of a later millisecond
          const began = Date.now() + 1;
          await until('the next millisecond', () => Date.now() > began, 1_000);
          const at = new Date();
          snapshots.push({ at, book: bookOf(await read(ledger)), until: Date.now() });
          await until('the next millisecond', () => Date.now() > at.getTime(), 1_000);
        }
        const entries = await entriesOf(ledger);
        for (const { kind, of } of entries) seen.add(`${of} ${kind}`);

        const ends = await app.sql<{ expires_at: Date }>(
          'SELECT expires_at FROM holds WHERE ledger_id = $1 AND expires_at IS NOT NULL',
          [ledger.id],
        );
        for (const { at, book, until: end } of snapshots) {
          // a hold that ended while it was read may be in it or not
          if (ends.some(({ expires_at: e }) => e.getTime() >= at.getTime() - 1 && e.getTime() <= end + 1)) continue;
          const asOf = `&axis=created&asOf=${at.toISOString()}`;
          expect(bookOf(await read(ledger, asOf))).toEqual(book);
        }
        const moments = entries.flatMap(({ effective_at, created_at, expires_at }) => [
          ...[effective_at, created_at, ...(expires_at ? [expires_at] : [])],
          new Date(effective_at.getTime() - 1),
        ]);
        const some = moments.filter((_, place) => place % Math.ceil(moments.length / 10) === 0);
        for (const at of [...some, new Date(Date.now() + 9 * DAY)])
          for (const axis of ['effective', 'created'] as const) {
            const asOf = `&axis=${axis}&asOf=${at.toISOString()}`;
            const book = replay(entries, at, axis);
            expect(bookOf(await read(ledger, asOf))).toEqual(book);
            for (const depth of [1, 2, 3])
              expect(bookOf(await read(ledger, `${asOf}&depth=${depth}`))).toEqual(rolledUp(book, depth));
            const trial = await get<{
              balanced: boolean;
              rows: { account: string; currency: string; balance: string }[];
            }>(`${ledger.path}/trial-balance?${asOf.slice(1)}`);
            expect(trial.balanced).toBe(true);
            expect(
              trial.rows.map(({ account, currency, balance }) => [`${account} ${currency}`, cents(balance)]),
            ).toEqual(Object.entries(book).map(([balance, [debits, credits]]) => [balance, debits - credits]));
          }
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 4), endOnFailure: true },
    );
    expect([...seen].sort()).toEqual([
      'capture captured',
      'capture released',
      'expiry released',
      'hold held',
      'posting posted',
      'reversal reversed',
      'void released',
    ]);
  }, 120_000);

  it('on the created axis stay as they were, and entries in their order, whatever is recorded for the past', async () => {
    const ledger = await createLedger(app, token, undefined, TYPES);
    const post = (days: number, amount: string) =>
      app.request('POST', `${ledger.path}/transactions`, {
        token,
        body: { ...posting(amount, { debit: 'assets:cash', credit: 'users' }), ...inDays(days) },
      });
    await post(-1, '1.00');
    await post(-2, '2.00');
    const at = new Date(Date.now() + 1);
    await until('the next millisecond', () => Date.now() > at.getTime(), 1_000);
    const asOf = `&axis=created&asOf=${at.toISOString()}`;
    const entries = () =>
      get<{ items: { version: number; amount: string; balanceAfter: string }[] }>(
        `${ledger.path}/accounts/assets:cash/entries`,
      );
    const [before, listed] = [await read(ledger, asOf), (await entries()).items];
    for (const days of [-9, -1, 2]) await post(days, '5.00');
    expect(await read(ledger, asOf)).toEqual(before);
    expect((await entries()).items.slice(0, 2)).toEqual(listed);
    expect((await entries()).items.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
  });
});
