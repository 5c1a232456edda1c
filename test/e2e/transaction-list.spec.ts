import { randomInt } from 'node:crypto';
import { startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { createLedger, posting, type TestLedger } from '../support/ledger';
import { eventually } from '../support/eventually';

interface Listed {
  readonly id: string;
  readonly sequence: number;
  readonly kind: string;
  readonly status: string;
  readonly reference: string | null;
  readonly effectiveAt: string;
  readonly createdAt: string;
  readonly entries: readonly { account: string; direction: string; amount: string; currency: string }[];
  readonly metadata: Readonly<Record<string, unknown>>;
}
type Query = Readonly<Record<string, string>>;

const CODES = ['assets:cash', 'assets:bank', 'users:1:wallet', 'users:2:wallet', 'sales'] as const;
const DAY = 86_400_000;

/** What the filters say, told a second time: one transaction after the other, with nothing of ours. */
function meets(one: Listed, query: Query, accountId: (code: string) => string): boolean {
  const { account, accountPrefix, currency } = query;
  const asked: Readonly<Record<string, (value: string) => boolean>> = {
    reference: (value) => one.reference === value,
    referencePrefix: (value) => one.reference?.startsWith(value) ?? false,
    kind: (value) => one.kind === value,
    status: (value) => one.status === value,
    amountFrom: (value) => debits(one, query).some((amount) => amount >= Number(value)),
    effectiveFrom: (value) => one.effectiveAt >= value,
    effectiveTo: (value) => one.effectiveAt < value,
    createdFrom: (value) => one.createdAt >= value,
    createdTo: (value) => one.createdAt < value,
    metadataKey: (value) => {
      const found = one.metadata[value];
      return ['string', 'number', 'boolean'].includes(typeof found) && String(found) === query.metadataValue;
    },
  };
  if (!Object.entries(query).every(([name, value]) => asked[name]?.(value) ?? true)) return false;
  const entry = one.entries.some(
    (item) =>
      (account === undefined || item.account === account || accountId(item.account) === account) &&
      (accountPrefix === undefined || item.account.startsWith(accountPrefix)) &&
      (currency === undefined || item.currency === currency),
  );
  return entry && (query.amountTo === undefined || debits(one, query).length > 0);
}

const debits = (one: Listed, { currency, amountFrom = '0', amountTo = 'Infinity' }: Query): number[] =>
  one.entries
    .filter((entry) => entry.direction === 'debit' && entry.currency === currency)
    .map(({ amount }) => Number(amount))
    .filter((amount) => amount >= Number(amountFrom) && amount <= Number(amountTo))
    .sort((a, b) => a - b);

/** The order that the description of the list gives. */
function inOrder(all: Listed[], query: Query): Listed[] {
  const has = (...names: string[]) => names.some((name) => query[name] !== undefined);
  const newest = (a: Listed, b: Listed) => b.sequence - a.sequence;
  if (has('reference')) return all.sort(newest);
  if (has('referencePrefix')) return all.sort((a, b) => ((a.reference ?? '') < (b.reference ?? '') ? -1 : 1));
  const range = has('amountFrom', 'amountTo');
  if (has('metadataKey', 'account', 'accountPrefix') || (has('currency') && !range)) return all.sort(newest);
  if ((has('status') && query.status !== 'posted') || (has('kind') && query.kind !== 'posting'))
    return all.sort(newest);
  if (range)
    return all.sort((a, b) => (debits(a, query)[0] ?? 0) - (debits(b, query)[0] ?? 0) || (a.id < b.id ? -1 : 1));
  if (has('effectiveFrom', 'effectiveTo'))
    return all.sort((a, b) => Date.parse(b.effectiveAt) - Date.parse(a.effectiveAt) || newest(a, b));
  return all.sort(newest);
}

describe('list of transactions', () => {
  const seed = randomInt(2 ** 31);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const oneOf = <T>(items: readonly T[]): T => items[random(items.length)] as T;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  let all: Listed[];

  const ask = (query: Query, token = owner.token): Promise<TestAnswer> =>
    app.request('GET', `${ledger.path}/transactions?${new URLSearchParams(query).toString()}`, { token });
  const post = (path: string, body: unknown = {}) =>
    app.request('POST', `${ledger.path}/transactions${path}`, { token: owner.token, body });

  /** All pages to the end, and all of them back to the start. */
  async function pages(query: Query, limit: string): Promise<{ forward: Listed[]; back: Listed[] }> {
    const forward: Listed[] = [];
    const back: Listed[] = [];
    let answer = await ask({ ...query, limit });
    expect([query, answer.status]).toEqual([query, 200]);
    forward.push(...(answer.body.items as Listed[]));
    // the cursor alone: it carries the filters
    while (answer.body.next) {
      answer = await ask({ limit, cursor: answer.body.next as string });
      forward.push(...(answer.body.items as Listed[]));
    }
    back.unshift(...(answer.body.items as Listed[]));
    while (answer.body.previous) {
      answer = await ask({ ...query, limit, cursor: answer.body.previous as string });
      back.unshift(...(answer.body.items as Listed[]));
    }
    return { forward, back };
  }

  async function expectAsTold(query: Query): Promise<number> {
    const told = inOrder(
      all.filter((one) => meets(one, query, (code) => ledger.accounts.get(code) ?? '')),
      query,
    ).map(({ sequence }) => sequence);
    const { forward, back } = await pages(query, told.length > 40 ? '17' : '3');
    expect([seed, query, forward.map(({ sequence }) => sequence)]).toEqual([seed, query, told]);
    expect([seed, query, back.map(({ sequence }) => sequence)]).toEqual([seed, query, told]);
    const path = `${ledger.path}/transactions?${new URLSearchParams(query).toString()}`;
    const head = await app.request('HEAD', path, { token: owner.token });
    expect([query, head.status, head.headers.get('x-total-count')]).toEqual([query, 200, String(told.length)]);
    return told.length;
  }

  beforeAll(async () => {
    app = await startTestApp();
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token, 'Random', Object.fromEntries(CODES.map((code) => [code, 'asset'])));
    const holds: string[] = [];
    const posted: string[] = [];
    let soon = 0;
    for (let n = 0; n < 90; n += 1) {
      const currency = oneOf(['EUR', 'EUR', 'EUR', 'JPY']);
      const amount = currency === 'EUR' ? `${1 + random(5)}.50` : String(1 + random(400));
      const pending = random(3) === 0;
      const body = {
        ...posting(amount, { debit: oneOf(CODES), credit: oneOf(CODES), currency }),
        ...(pending
          ? {
              status: 'pending',
              ...(random(3) === 0 ? { expiresAt: new Date((soon = Date.now() + 2_000)).toISOString() } : {}),
            }
          : {}),
        ...(random(2) ? { reference: `${oneOf(['order', 'Order', 'rent-'])}-${n}` } : {}),
        ...(random(2) ? { effectiveAt: new Date(Date.now() - random(5) * DAY).toISOString() } : {}),
        ...(random(2) ? { metadata: { channel: oneOf(['web', 'app', 7, true, { web: 1 }]), n: random(3) } } : {}),
      };
      if (random(4) === 0) body.entries.push(...posting('3.50', { debit: oneOf(CODES), credit: oneOf(CODES) }).entries);
      const { status, body: made, text } = await post('', body);
      if (status !== 201) throw new Error(text);
      (pending ? holds : posted).push(made.id as string);
      const what = random(6);
      const single = (list: string[]) => list[random(Math.max(1, list.length))] ?? '';
      if (what === 0 && holds.length > 0) await post(`/${single(holds)}/capture`);
      if (what === 1 && holds.length > 0) await post(`/${single(holds)}/void`);
      if (what === 2 && posted.length > 0) await post(`/${single(posted)}/reverse`);
      if (what === 3 && posted.length > 0) await post(`/${single(posted)}/reverse`, { amount: '1' });
    }
    // no worker runs here: these have expired, and nobody has recorded it
    await eventually('the holds expire', () => Promise.resolve(Date.now() > soon), 10_000);
    all = (await pages({}, '50')).forward;
  }, 120_000);
  afterAll(() => app.close());

  it('the book has something of everything', () => {
    const seen = (of: (one: Listed) => string) => [...new Set(all.map(of))].sort();
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, place) => all.length - place));
    expect(seen(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['capture', 'hold', 'posting', 'reversal', 'void']),
    );
    expect(seen(({ status }) => status)).toEqual(['expired', 'pending', 'posted', 'reversed', 'voided']);
  });

  it('API-11 every filter finds what one that looks at all transactions finds, through all pages both ways', async () => {
    const middle = all[Math.floor(all.length / 2)] as Listed;
    const day = new Date(Date.now() - 2 * DAY).toISOString();
    const queries: Query[] = [
      {},
      { reference: all.find(({ reference }) => reference)?.reference ?? '' },
      { reference: 'nothing' },
      ...['order', 'zzz'].map((referencePrefix) => ({
        reference: all.find(({ reference }) => reference?.startsWith('order'))?.reference ?? '',
        referencePrefix,
      })),
      ...['order', 'order-1', 'Order-', 'r', 'zzz'].map((referencePrefix) => ({ referencePrefix })),
      ...CODES.map((account) => ({ account })),
      { account: ledger.accounts.get('sales') ?? '' },
      { account: 'nobody' },
      ...['assets:', 'users:', 'users:1', 'a', 'nobody'].map((accountPrefix) => ({ accountPrefix })),
      { currency: 'EUR' },
      { currency: 'JPY' },
      { currency: 'USD' },
      ...['posting', 'hold', 'capture', 'void', 'expiry', 'reversal'].map((kind) => ({ kind })),
      ...['pending', 'posted', 'voided', 'expired', 'reversed'].map((status) => ({ status })),
      { currency: 'EUR', amountFrom: '2.50', amountTo: '3.5' },
      { currency: 'EUR', amountFrom: '3.50' },
      { currency: 'JPY', amountTo: '200' },
      { effectiveFrom: day },
      { effectiveTo: day },
      { effectiveFrom: middle.effectiveAt, effectiveTo: new Date().toISOString() },
      { createdFrom: middle.createdAt },
      { createdTo: middle.createdAt },
      { createdFrom: middle.createdAt, createdTo: all[3]?.createdAt ?? '' },
      ...['web', 'app', '7', 'true', '{"web": 1}'].map((metadataValue) => ({ metadataKey: 'channel', metadataValue })),
    ];
    let found = 0;
    for (const query of queries) found += await expectAsTold(query);
    expect(found).toBeGreaterThan(all.length * 5);
  }, 120_000);

  it('API-11 filters can be put together in any way', async () => {
    const choices: (() => Query)[] = [
      () => ({ referencePrefix: oneOf(['order', 'Order']) }),
      () => ({ account: oneOf(CODES) }),
      () => ({ accountPrefix: oneOf(['assets:', 'users:']) }),
      () => ({ currency: oneOf(['EUR', 'JPY']) }),
      () => ({ kind: oneOf(['posting', 'hold', 'reversal']) }),
      () => ({ status: oneOf(['pending', 'posted', 'voided', 'expired', 'reversed']) }),
      () => ({ currency: oneOf(['EUR', 'JPY']), amountFrom: oneOf(['1', '3']), amountTo: oneOf(['4', '200']) }),
      () => ({ effectiveFrom: new Date(Date.now() - (1 + random(4)) * DAY).toISOString() }),
      () => ({ createdFrom: oneOf(all).createdAt }),
      () => ({ createdTo: oneOf(all).createdAt }),
      () => ({ metadataKey: 'n', metadataValue: String(random(3)) }),
    ];
    let found = 0;
    for (let n = 0; n < 60; n += 1)
      found += await expectAsTold(
        Object.assign({}, ...Array.from({ length: 2 + random(2) }, () => oneOf(choices)())) as Query,
      );
    expect(found).toBeGreaterThan(0);
  }, 120_000);

  it('TEN-04 another tenant finds nothing there', async () => {
    const other = await app.createTenantWithOwner();
    for (const query of [{}, { currency: 'EUR', amountFrom: '1' }, { account: 'sales' }] as Query[]) {
      const { status, body } = await ask(query, other.token);
      expect([status, body.code]).toEqual([404, 'ledger-not-found']);
    }
    const own = await createLedger(app, other.token);
    const answer = await app.request('GET', `${own.path}/transactions?currency=EUR&amountFrom=1`, {
      token: other.token,
    });
    expect([answer.status, answer.body.items]).toEqual([200, []]);
    const theirs = `${own.path}/transactions?account=${ledger.accounts.get('sales') ?? ''}`;
    expect((await app.request('GET', theirs, { token: other.token })).body.items).toEqual([]);
  });

  it('API-09 what cannot be asked is refused, with where it stands', async () => {
    const refusals: [Query, string][] = [
      [{ kind: 'gift' }, '?kind'],
      [{ status: 'open' }, '?status'],
      [{ amountFrom: '1.00' }, '?currency'],
      [{ amountFrom: '1.00', currency: 'QQQ' }, '?currency'],
      [{ amountFrom: '1.001', currency: 'EUR' }, '?amountFrom'],
      [{ amountTo: '-1', currency: 'EUR' }, '?amountTo'],
      [{ effectiveFrom: 'yesterday' }, '?effectiveFrom'],
      [{ createdTo: '2026-02-30T00:00:00Z' }, '?createdTo'],
      [{ metadataKey: 'channel' }, '?metadataValue'],
      [{ metadataValue: 'web' }, '?metadataKey'],
      [{ reference: '' }, '?reference'],
      [{ referencePrefix: 'a\0' }, '?referencePrefix'],
      [{ account: 'x'.repeat(256) }, '?account'],
      [{ sort: 'up' }, '?sort'],
    ];
    for (const [query, pointer] of refusals) {
      const { status, body } = await ask(query);
      expect([query, status, (body.errors as { pointer: string }[] | undefined)?.map((item) => item.pointer)]).toEqual([
        query,
        400,
        [pointer],
      ]);
    }
    const { body } = await ask({ status: 'posted', limit: '3' });
    const other = await ask({ status: 'voided', cursor: body.next as string });
    expect([other.status, other.body.code]).toEqual([400, 'invalid-cursor']);
  });

  it('REL-15 pages that are read while others post skip nothing and show nothing twice', async () => {
    const busy = await createLedger(app, owner.token, 'Busy', { cash: 'asset', sales: 'revenue' });
    const path = `${busy.path}/transactions`;
    const write = (n: number) =>
      app.request('POST', path, { token: owner.token, body: posting('1.00', { reference: `r-${n}` }) });
    for (let n = 0; n < 30; n += 1) await write(n);
    const reader = { reading: true };
    const writer = (async () => {
      for (let n = 30; reader.reading; n += 1) expect((await write(n)).status).toBe(201);
    })();
    for (const filter of ['', 'account=cash&', 'createdTo=9999-01-01T00:00:00Z&', 'accountPrefix=s&']) {
      const seen: number[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const more = cursor === '' ? '' : `&cursor=${cursor}`;
        const answer = await app.request('GET', `${path}?${filter}limit=3${more}`, { token: owner.token });
        expect(answer.status).toBe(200);
        seen.push(...(answer.body.items as Listed[]).map(({ sequence }) => sequence));
        cursor = answer.body.next as string | null;
      }
      expect(seen).toEqual(Array.from({ length: seen[0] ?? 0 }, (_, place) => (seen[0] ?? 0) - place));
    }
    // upwards, over the end that moves
    const first = await app.request('GET', `${path}?limit=3`, { token: owner.token });
    const { next } = first.body as { next: string };
    const older = await app.request('GET', `${path}?limit=3&cursor=${next}`, { token: owner.token });
    const climbed: number[] = [...(older.body.items as Listed[])].map(({ sequence }) => sequence).reverse();
    for (let previous = older.body.previous as string | null, n = 0; previous !== null && n < 10; n += 1) {
      const answer = await app.request('GET', `${path}?limit=3&cursor=${previous}`, { token: owner.token });
      const { items } = answer.body as { items: Listed[] };
      climbed.push(...items.map(({ sequence }) => sequence).reverse());
      ({ previous } = answer.body as { previous: string | null });
    }
    expect(climbed).toEqual(climbed.map((_, place) => (climbed[0] ?? 0) + place));
    reader.reading = false;
    await writer;
  }, 60_000);
});
