import { startTestApp, type TestApp } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

interface Amounts {
  readonly debits: string;
  readonly credits: string;
  readonly amount?: string;
}
interface Balance {
  readonly currency: string;
  readonly posted: Amounts;
  readonly pending: Amounts;
  readonly available: string;
  readonly expected: string;
  readonly version: number;
}
interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
  readonly previous: string | null;
}
interface Entry {
  readonly transactionId: string;
  readonly kind: string;
  readonly amount: string;
  readonly currency: string;
  readonly balanceAfter: string;
  readonly version: number;
  readonly createdAt: string;
}
type Group = Pick<Balance, 'currency' | 'posted' | 'pending'> & { readonly code: string; readonly accounts: number };

let app: TestApp;
let token: string;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp();
  ({ token } = await app.createTenantWithOwner());
});
beforeEach(async () => {
  ledger = await createLedger(app, token, undefined, {
    'assets:cash': 'asset',
    'users:ann': 'liability',
    'users:ann:wallet': 'liability',
    'users:ann:wallet:vault': 'liability',
    'users:ann-marie:wallet': 'liability',
    'users:bob:wallet': 'liability',
  });
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await app.close();
});

const get = async <T>(path: string): Promise<T> => {
  const { status, body, text } = await app.request('GET', ledger.path + path, { token });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return body as T;
};
const post = async (amount: string, credit: string, more: Record<string, unknown> = {}, currency = 'EUR') => {
  const body = { ...posting(amount, { debit: 'assets:cash', credit, currency }), ...more };
  const answer = await app.request('POST', `${ledger.path}/transactions`, { token, body });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body as { id: string; createdAt: string };
};
const balances = async (account: string, query = '') =>
  (await get<{ balances: Balance[] }>(`/accounts/${account}/balances${query}`)).balances;
const groups = async (query: string) =>
  (await get<Page<Group>>(`/balances?${query}`)).items.map(({ code, currency, accounts, posted }) => [
    code,
    currency,
    accounts,
    posted.amount,
  ]);

describe('balances of an account', () => {
  it('say what is posted, what holds reserve, what may be spent and what is to be expected', async () => {
    await post('10.00', 'users:ann:wallet');
    // out of the wallet, into the cash: 3.00 less to spend in one, 3.00 more to come in the other
    const entries = posting('3.00', { debit: 'users:ann:wallet', credit: 'users:bob:wallet' });
    await app.request('POST', `${ledger.path}/transactions`, { token, body: { ...entries, status: 'pending' } });
    expect(await balances('users:ann:wallet')).toEqual([
      {
        currency: 'EUR',
        posted: { debits: '0.00', credits: '10.00', amount: '10.00' },
        pending: { debits: '3.00', credits: '0.00' },
        available: '7.00',
        expected: '10.00',
        version: 2,
      },
    ]);
    expect(await balances('users:bob:wallet')).toMatchObject([
      { posted: { amount: '0.00' }, pending: { debits: '0.00', credits: '3.00' }, available: '0.00', expected: '3.00' },
    ]);
  });

  it('REL-06 a hold that has ended is free for readers, though nobody has recorded its end', async () => {
    const expiresAt = new Date(Date.now() + 1_200).toISOString();
    const { id } = await post('5.00', 'users:ann:wallet', { status: 'pending', expiresAt });
    const later = `asOf=${new Date(Date.parse(expiresAt) + 1).toISOString()}`;
    const before = `asOf=${new Date(Date.parse(expiresAt) - 1).toISOString()}`;
    const pending = async (query = '') =>
      [
        ...(await balances('users:ann:wallet', `?${query}`)),
        ...(await get<Page<Group>>(`/balances?code=users:ann:wallet&${query}`)).items,
      ].map((balance) => balance.pending.credits);
    expect([await pending(), await pending(later)]).toEqual([
      ['5.00', '5.00'],
      ['0.00', '0.00'],
    ]);
    await until('its second', async () => (await pending())[0] === '0.00', 3_000);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect(await app.sql(`SELECT FROM transactions WHERE kind = 'expiry' AND parent_id = $1`, [id])).toEqual([]);
    const asRead = [await pending(), await pending(before), await pending(`axis=created&${later}`)];
    expect(asRead).toEqual([
      ['0.00', '0.00'],
      ['5.00', '5.00'],
      ['0.00', '0.00'],
    ]);
    // recorded by whoever posts next, and nothing that was read becomes wrong by that
    await post('1.00', 'users:bob:wallet');
    expect(await app.sql(`SELECT FROM transactions WHERE kind = 'expiry' AND parent_id = $1`, [id])).toHaveLength(1);
    expect([await pending(), await pending(before), await pending(`axis=created&${later}`)]).toEqual(asRead);
  });

  it('rolled up are those of it and all below it, not of its neighbours', async () => {
    await post('1.00', 'users:ann');
    await post('2.00', 'users:ann:wallet');
    await post('4.00', 'users:ann:wallet:vault');
    await post('8.00', 'users:ann-marie:wallet');
    await post('3.00', 'users:ann:wallet', {}, 'USD');
    const amounts = async (account: string, query: string) =>
      (await balances(account, query)).map(({ currency, posted, version }) => [currency, posted.amount, version]);
    expect(await amounts('users:ann', '?rollup=true')).toEqual([
      ['EUR', '7.00', 3],
      ['USD', '3.00', 1],
    ]);
    expect(await amounts('users:ann', '')).toEqual([['EUR', '1.00', 1]]);
    const asOf = new Date(Date.now() + 1_000).toISOString();
    for (const axis of ['effective', 'created'])
      expect(await amounts('users:ann', `?rollup=true&asOf=${asOf}&axis=${axis}`)).toEqual([
        ['EUR', '7.00', 3],
        ['USD', '3.00', 1],
      ]);
  });
});

describe('balances of a ledger', () => {
  beforeEach(async () => {
    await post('1.00', 'users:ann');
    await post('2.00', 'users:ann:wallet');
    await post('4.00', 'users:ann:wallet:vault');
    await post('8.00', 'users:ann-marie:wallet');
    await post('16.00', 'users:bob:wallet');
    await post('3.00', 'users:bob:wallet', {}, 'USD');
  });

  it.each([
    [
      'code=users:*:wallet&currency=EUR',
      [
        ['users:ann-marie:wallet', 'EUR', 1, '-8.00'],
        ['users:ann:wallet', 'EUR', 1, '-2.00'],
        ['users:bob:wallet', 'EUR', 1, '-16.00'],
      ],
    ],
    [
      'code=users:ann',
      [
        ['users:ann', 'EUR', 1, '-1.00'],
        ['users:ann:wallet', 'EUR', 1, '-2.00'],
        ['users:ann:wallet:vault', 'EUR', 1, '-4.00'],
      ],
    ],
    ['code=users:ann:**&depth=2', [['users:ann', 'EUR', 2, '-6.00']]],
    [
      'depth=1',
      [
        ['assets', 'EUR', 1, '31.00'],
        ['assets', 'USD', 1, '3.00'],
        ['users', 'EUR', 5, '-31.00'],
        ['users', 'USD', 1, '-3.00'],
      ],
    ],
    ['code=nobody', []],
  ])('%s', async (query, expected) => {
    expect(await groups(query)).toEqual(expected);
    const asOf = new Date(Date.now() + 1_000).toISOString();
    for (const axis of ['effective', 'created'])
      expect(await groups(`${query}&axis=${axis}&asOf=${asOf}`)).toEqual(expected);
  });

  it('API-11 come in pages, to and fro', async () => {
    const whole = (await get<Page<Group>>('/balances?depth=2')).items;
    expect(whole).toHaveLength(6);
    const first = await get<Page<Group>>('/balances?depth=2&limit=2');
    const second = await get<Page<Group>>(`/balances?limit=2&cursor=${first.next}`);
    const third = await get<Page<Group>>(`/balances?limit=2&cursor=${second.next}`);
    expect([...first.items, ...second.items, ...third.items]).toEqual(whole);
    expect(third.next).toBeNull();
    expect((await get<Page<Group>>(`/balances?limit=2&cursor=${third.previous}`)).items).toEqual(second.items);
  });

  it.each(['code=users:', 'code=a**', 'depth=0', 'depth=x', 'currency=e', 'asOf=now', 'axis=both'])(
    'refuses %s',
    async (query) => {
      const { status } = await app.request('GET', `${ledger.path}/balances?${query}`, { token });
      expect(status).toBe(400);
    },
  );
});

describe('lists', () => {
  it('accounts by pattern, type and status; HEAD says how many', async () => {
    const close = { token, body: { status: 'closed' }, headers: { 'if-match': '*' } };
    await app.request('PATCH', `${ledger.path}/accounts/users:bob:wallet`, close);
    const codes = async (query: string) => {
      const { items } = await get<Page<{ code: string }>>(`/accounts?${query}`);
      const head = await app.request('HEAD', `${ledger.path}/accounts?limit=1&${query}`, { token });
      expect([head.status, head.headers.get('x-total-count'), head.text]).toEqual([200, `${items.length}`, '']);
      return items.map(({ code }) => code);
    };
    expect(await codes('code=users:*:wallet')).toEqual([
      'users:ann-marie:wallet',
      'users:ann:wallet',
      'users:bob:wallet',
    ]);
    expect(await codes('code=users:ann')).toEqual(['users:ann']);
    expect(await codes('code=users:ann:**')).toEqual(['users:ann:wallet', 'users:ann:wallet:vault']);
    expect(await codes('type=asset')).toEqual(['assets:cash']);
    expect(await codes('status=closed')).toEqual(['users:bob:wallet']);
    expect(await codes('code=users:*:wallet&status=open&prefix=users:ann-')).toEqual(['users:ann-marie:wallet']);
    const first = await get<Page<{ code: string }>>('/accounts?code=users:*:wallet&limit=2');
    const second = await get<Page<{ code: string }>>(`/accounts?limit=2&cursor=${first.next}`);
    expect(second.items.map(({ code }) => code)).toEqual(['users:bob:wallet']);
    const back = await get<Page<{ code: string }>>(`/accounts?limit=2&cursor=${second.previous}`);
    expect(back.items).toEqual(first.items);
  });

  it('entries by currency, kind and either time; HEAD says how many', async () => {
    const path = '/accounts/users:ann:wallet/entries';
    const held = await post('5.00', 'users:ann:wallet', { status: 'pending' });
    await app.request('POST', `${ledger.path}/transactions/${held.id}/capture`, { token, body: { amount: '2.00' } });
    await post('1.00', 'users:ann:wallet', { effectiveAt: '2026-01-01T00:00:00Z' });
    await post('7.00', 'users:ann:wallet', {}, 'USD');
    const waited = Date.now() + 2;
    await until('another moment', () => Date.now() > waited, 1_000);
    const last = await post('9.00', 'users:ann:wallet', { effectiveAt: '2026-02-01T00:00:00Z' });
    const entries = async (query: string) => {
      const { items } = await get<Page<Entry>>(`${path}?${query}`);
      const head = await app.request('HEAD', `${ledger.path}${path}?${query}`, { token });
      expect([head.status, head.headers.get('x-total-count')]).toEqual([200, `${items.length}`]);
      return items.map(({ kind, amount, currency, balanceAfter, version }) =>
        [currency, version, kind, amount, balanceAfter].join(' '),
      );
    };
    const all = await entries('');
    expect(all).toEqual([
      'EUR 1 held 5.00 0.00',
      'EUR 2 captured 2.00 -2.00',
      'EUR 3 released 2.00 -2.00',
      'EUR 4 posted 1.00 -3.00',
      'EUR 5 posted 9.00 -12.00',
      'USD 1 posted 7.00 -7.00',
    ]);
    expect((await get<Page<Entry>>(path)).items[0]?.transactionId).toBe(held.id);
    expect(await entries('currency=USD')).toEqual([all[5]]);
    expect(await entries('kind=posted&currency=EUR')).toEqual([all[3], all[4]]);
    expect(await entries('effectiveFrom=2026-01-01T00:00:00Z&effectiveTo=2026-02-01T00:00:00Z')).toEqual([all[3]]);
    expect(await entries(`createdFrom=${last.createdAt}`)).toEqual([all[4]]);
    expect(await entries(`createdTo=${last.createdAt}`)).toEqual(all.filter((each) => each !== all[4]));
    expect(await entries(`createdFrom=${held.createdAt}&createdTo=${held.createdAt}`)).toEqual([]);

    const whole = (await get<Page<Entry>>(path)).items;
    const walked: Entry[] = [];
    let page = await get<Page<Entry>>(`${path}?limit=2`);
    for (walked.push(...page.items); page.next; walked.push(...page.items))
      page = await get<Page<Entry>>(`${path}?limit=2&cursor=${page.next}`);
    expect(walked).toEqual(whole);
    for (const size of [2, 2]) {
      page = await get<Page<Entry>>(`${path}?limit=${size}&cursor=${page.previous}`);
      expect(page.items).toHaveLength(2);
    }
    expect([page.items, page.previous]).toEqual([whole.slice(0, 2), null]);
  });

  it('HEAD counts no further than to 10,000', async () => {
    const line = { account: 'users:bob:wallet', amount: '1.00', currency: 'EUR' };
    const entries = [
      ...Array.from({ length: 50 }, () => ({ ...line, direction: 'credit' })),
      { ...line, account: 'assets:cash', direction: 'debit', amount: '50.00' },
    ];
    const items = Array.from({ length: 100 }, () => ({ entries }));
    const count = async () => {
      const head = await app.request('HEAD', `${ledger.path}/accounts/users:bob:wallet/entries`, { token });
      return head.headers.get('x-total-count');
    };
    for (const expected of ['5000', '10000']) {
      const { status } = await app.request('POST', `${ledger.path}/transactions/bulk`, { token, body: { items } });
      expect([status, await count()]).toEqual([200, expected]);
    }
    await post('1.00', 'users:bob:wallet');
    expect(await count()).toBe('10000+');
  });
});
