import { randomUUID } from 'node:crypto';
import { uuidv7 } from '../../src/common/ids/uuid';
import { type RequestOptions, startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { ACCOUNTS, createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';

let app: TestApp;
let owner: TestTenant;

beforeAll(async () => {
  app = await startTestApp();
  owner = await app.createTenantWithOwner();
});

afterAll(() => app.close());

const ask = (method: string, path: string, options: RequestOptions = {}) =>
  app.request(method, path, { token: owner.token, ...options });

const get = async <T = Record<string, unknown>>(path: string): Promise<T> => {
  const { status, body, text } = await ask('GET', path);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return body as T;
};

const codeOf = ({ status, body }: TestAnswer) => [status, (body as { code?: string } | undefined)?.code];
const key = (value: string) => ({ headers: { 'idempotency-key': value } });

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Page {
  readonly items: Record<string, unknown>[];
  readonly next: string | null;
  readonly previous: string | null;
}

describe('the way of a ledger', () => {
  let ledger: TestLedger;
  const posted: Record<string, unknown>[] = [];
  const post = (body: unknown, options: RequestOptions = {}) =>
    ask('POST', `${ledger.path}/transactions`, { body, ...options });

  it('a ledger: created, read where Location says, listed', async () => {
    const created = await ask('POST', '/v1/ledgers', {
      body: { name: 'Main book', description: 'Ours', metadata: { region: 'eu' } },
    });
    const body = created.body as Record<string, string>;
    expect(created.status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(UUID_V7) as string,
      name: 'Main book',
      description: 'Ours',
      status: 'open',
      unknownAccounts: 'refused',
      metadata: { region: 'eu' },
      createdAt: expect.stringMatching(INSTANT) as string,
      updatedAt: expect.stringMatching(INSTANT) as string,
    });
    expect(created.headers.get('location')).toBe(`/v1/ledgers/${body.id}`);
    expect(created.headers.get('etag')).toBe('"1"');
    const read = await ask('GET', created.headers.get('location') as string);
    expect([read.status, read.body, read.headers.get('etag')]).toEqual([200, body, '"1"']);
    expect((await get<Page>('/v1/ledgers')).items).toContainEqual(body);
    expect((await get(`/v1/ledgers/${String(body.id).toUpperCase()}`)).id).toBe(body.id);
  });

  it('accounts: by code and by id, in any script, with the normal balance of their type', async () => {
    ledger = await createLedger(app, owner.token, 'Book', {});
    const codes = ['assets:bank:main', 'Ausgaben:Büro', '資産:現金', 'a.b_c-d', 'two words:x', '9', '語'.repeat(255)];
    for (const [index, code] of codes.entries()) {
      const type = Object.values(ACCOUNTS)[index % 6] as string;
      const { status, body, headers } = await ask('POST', `${ledger.path}/accounts`, { body: { code, type } });
      const account = body as Record<string, string>;
      expect([status, account.code, account.normalBalance, headers.get('location')]).toEqual([
        201,
        code,
        ['asset', 'expense'].includes(type) ? 'debit' : 'credit',
        `${ledger.path}/accounts/${account.id}`,
      ]);
      expect(await get(`${ledger.path}/accounts/${encodeURIComponent(code)}`)).toEqual(account);
      expect(await get(`${ledger.path}/accounts/${account.id}`)).toEqual(account);
    }
    const { items } = await get<Page>(`${ledger.path}/accounts`);
    expect(items.map(({ code }) => code)).toEqual(
      [...codes].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  it('accounts by prefix: the ones that begin with it, byte by byte, and the cursor carries it', async () => {
    const other = await createLedger(app, owner.token, 'Prefixes', {
      'assets:b': 'asset',
      'assets:a': 'asset',
      assets: 'asset',
      'assets-x': 'asset',
      assets2: 'asset',
      'assets:ü': 'asset',
      'Assets:a': 'asset',
      'assets:𝒜': 'asset',
    });
    const list = (query: string) => get<Page>(`${other.path}/accounts?${query}`);
    const found = await list('prefix=assets:');
    expect(found.items.map(({ code }) => code)).toEqual(['assets:a', 'assets:b', 'assets:ü', 'assets:𝒜']);
    const first = await list('prefix=assets:&limit=2');
    const rest = await list(`cursor=${first.next}&limit=9`);
    expect([...first.items, ...rest.items]).toEqual(found.items);
    expect((await list('prefix=nothing')).items).toEqual([]);
  });

  it('a currency of one’s own, in its own scale', async () => {
    ledger = await createLedger(app, owner.token, 'Book of all');
    const points = { code: 'POINTS', scale: 3, name: 'Loyalty points' };
    const created = await ask('POST', `${ledger.path}/currencies`, { body: points });
    expect([created.status, created.body]).toEqual([201, { ...points, custom: true }]);
    const again = await ask('POST', `${ledger.path}/currencies`, { body: points });
    expect(codeOf(again)).toEqual([409, 'conflict']);
    expect(again.body).toMatchObject({
      detail: 'Another one has the same code already. Nothing was changed.',
      errors: [{ pointer: '/code' }],
    });
    expect((await post(posting('1.234', { currency: 'POINTS' }))).status).toBe(201);
    expect(codeOf(await post(posting('1.2345', { currency: 'POINTS' })))).toEqual([422, 'amount-precision']);
    const { items } = await get<Page>(`${ledger.path}/currencies`);
    expect(items).toEqual([{ ...points, custom: true }]);
  });

  it('API-16 API-17 a posting: answered in full, in the currency’s scale and in UTC, and read back the same', async () => {
    const effectiveAt = '2026-11-21T10:15:00.5+01:00';
    const body = {
      ...posting('25', { reference: 'order-4711' }),
      effectiveAt,
      description: 'Ord"er \\ 😀',
      metadata: { a: [1, null, 'ü'] },
    };
    const answer = await post(body);
    const transaction = answer.body as Record<string, string> & { entries: unknown };
    expect(answer.status).toBe(201);
    expect(transaction).toEqual({
      id: expect.stringMatching(UUID_V7) as string,
      ledgerId: ledger.id,
      sequence: 2,
      kind: 'posting',
      status: 'posted',
      parentId: null,
      children: [],
      templateId: null,
      expiresAt: null,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      reference: 'order-4711',
      description: 'Ord"er \\ 😀',
      effectiveAt: '2026-11-21T09:15:00.500Z',
      createdAt: expect.stringMatching(INSTANT) as string,
      createdBy: owner.userId,
      metadata: { a: [1, null, 'ü'] },
      entries: [
        {
          account: 'cash',
          accountId: ledger.accounts.get('cash'),
          kind: 'posted',
          direction: 'debit',
          amount: '25.00',
          currency: 'EUR',
          remaining: '25.00',
        },
        {
          account: 'sales',
          accountId: ledger.accounts.get('sales'),
          kind: 'posted',
          direction: 'credit',
          amount: '25.00',
          currency: 'EUR',
          remaining: '25.00',
        },
      ],
    });
    expect(answer.headers.get('location')).toBe(`${ledger.path}/transactions/${transaction.id}`);
    expect(answer.headers.get('idempotent-replayed')).toBeNull();
    expect(await get(answer.headers.get('location') as string)).toEqual(transaction);
    const { items } = await get<Page>(`${ledger.path}/transactions?reference=order-4711`);
    expect(items).toEqual([transaction]);
  });

  it('API-16 F20 amounts come back as they were, at any scale and size', async () => {
    for (const [amount, currency, back] of [
      ['0.01', 'EUR', '0.01'],
      ['1', 'JPY', '1'],
      ['1.001', 'KWD', '1.001'],
      ['1.0001', 'CLF', '1.0001'],
      ['123456789012345678901234567890123456.78', 'USD', '123456789012345678901234567890123456.78'],
      ['9007199254740993', 'JPY', '9007199254740993'],
      ['0.1', 'USD', '0.10'],
    ] as const) {
      const answer = await post(
        posting(amount, { currency, debit: ledger.accounts.get('bank') as string, credit: 'capital' }),
      );
      const { entries } = answer.body as { entries: { amount: string }[] };
      expect([amount, answer.status, entries.map((entry) => entry.amount)]).toEqual([amount, 201, [back, back]]);
    }
    const { balances } = await get<{ balances: { currency: string; posted: { amount: string } }[] }>(
      `${ledger.path}/accounts/bank/balances`,
    );
    expect(balances.map(({ currency, posted: { amount } }) => `${currency} ${amount}`)).toEqual([
      'CLF 1.0001',
      'EUR 0.01',
      'JPY 9007199254740994',
      'KWD 1.001',
      'USD 123456789012345678901234567890123456.88',
    ]);
  });

  it('many entries, several currencies, an account more than once', async () => {
    const { status, body } = await post({
      entries: [
        { account: 'cash', direction: 'debit', amount: '3.00', currency: 'EUR' },
        { account: 'cash', direction: 'debit', amount: '2.00', currency: 'EUR' },
        { account: 'sales', direction: 'credit', amount: '5.00', currency: 'EUR' },
        { account: 'rent', direction: 'debit', amount: '7', currency: 'JPY' },
        { account: 'loans', direction: 'credit', amount: '7', currency: 'JPY' },
      ],
    });
    expect([status, (body as { entries: unknown[] }).entries.length]).toEqual([201, 5]);
    const thousand = Array.from({ length: 1000 }, (_, index) => ({
      account: index % 2 ? 'cash' : 'sales',
      direction: index % 2 ? 'debit' : 'credit',
      amount: '0.01',
      currency: 'EUR',
    }));
    expect((await post({ entries: thousand })).status).toBe(201);
  });

  it('HEAD answers as GET, without a body', async () => {
    for (const path of [ledger.path, `${ledger.path}/accounts/cash`, `${ledger.path}/transactions`]) {
      const [head, body] = [await ask('HEAD', path), await ask('GET', path)];
      expect([head.status, head.text, head.headers.get('etag'), head.headers.get('content-type')]).toEqual([
        200,
        '',
        body.headers.get('etag'),
        body.headers.get('content-type'),
      ]);
    }
  });

  describe('REL-14 as of', () => {
    let book: TestLedger;
    const moments = ['2026-03-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'];
    const created: string[] = [];
    const balance = async (query: string) => {
      const { asOf, axis, balanced, totals, rows } = await get<{
        asOf: string | null;
        axis: string;
        balanced: boolean;
        totals: Record<string, string>[];
        rows: Record<string, string>[];
      }>(`${book.path}/trial-balance${query}`);
      expect(balanced).toBe(true);
      for (const total of totals) expect(total.difference).toMatch(/^0\.00$/);
      const one = await get<{ balances: { currency: string; posted: Record<string, string>; version: number }[] }>(
        `${book.path}/accounts/cash/balances${query}`,
      );
      const cash = rows.find(({ account }) => account === 'cash');
      // the account alone says the same as the trial balance
      expect(one.balances[0]?.posted.amount).toBe(cash?.balance);
      return [asOf, axis, cash?.balance];
    };

    beforeAll(async () => {
      book = await createLedger(app, owner.token, 'As of');
      for (const [index, effectiveAt] of moments.entries()) {
        const { body } = await ask('POST', `${book.path}/transactions`, {
          body: { ...posting(`${10 ** index}.00`), effectiveAt },
        });
        created.push((body as { createdAt: string }).createdAt);
        // the next one is created at another millisecond
        const now = Date.now();
        while (Date.now() === now);
      }
    });

    it('effective: what had happened by then, the moment included', async () => {
      expect(await balance('')).toEqual([null, 'effective', '111.00']);
      expect(await balance('?asOf=2025-12-31T23:59:59.999Z')).toEqual([
        '2025-12-31T23:59:59.999Z',
        'effective',
        undefined,
      ]);
      expect(await balance('?asOf=2026-01-01T00:00:00Z')).toEqual([moments[1], 'effective', '10.00']);
      expect(await balance('?asOf=2026-02-15T01:00:00%2B01:00&axis=effective')).toEqual([
        '2026-02-15T00:00:00.000Z',
        'effective',
        '110.00',
      ]);
      expect(await balance('?asOf=2026-03-01T00:00:00Z')).toEqual([moments[0], 'effective', '111.00']);
    });

    it('created: what the ledger knew by then, whatever had happened', async () => {
      expect(await balance(`?asOf=${created[0]}&axis=created`)).toEqual([created[0], 'created', '1.00']);
      expect(await balance(`?asOf=${created[1]}&axis=created`)).toEqual([created[1], 'created', '11.00']);
      expect(await balance(`?asOf=${created[2]}&axis=created`)).toEqual([created[2], 'created', '111.00']);
      const before = new Date(Date.parse(created[0] as string) - 1).toISOString();
      expect(await balance(`?asOf=${before}&axis=created`)).toEqual([before, 'created', undefined]);
    });
  });

  it('the entries of an account are its history, each with the balance after it', async () => {
    const book = await createLedger(app, owner.token, 'Entries');
    for (const amount of ['1.00', '2.00']) await ask('POST', `${book.path}/transactions`, { body: posting(amount) });
    await ask('POST', `${book.path}/transactions`, { body: posting('0.50', { debit: 'sales', credit: 'cash' }) });
    const { items } = await get<Page>(`${book.path}/accounts/cash/entries`);
    expect(
      items.map(({ version, direction, amount, balanceAfter }) => [version, direction, amount, balanceAfter]),
    ).toEqual([
      [1, 'debit', '1.00', '1.00'],
      [2, 'debit', '2.00', '3.00'],
      [3, 'credit', '0.50', '2.50'],
    ]);
  });

  describe('API-10 concurrency', () => {
    it('a change needs the version that was seen; of many who saw the same one wins', async () => {
      const book = await createLedger(app, owner.token, 'Versions');
      for (const path of [book.path, `${book.path}/accounts/cash`]) {
        const change = (name: string, tag: string) =>
          ask('PATCH', path, { body: { name }, headers: { 'if-match': tag } });
        const changed = await change('Once', '"1"');
        expect([changed.status, (changed.body as { name: string }).name, changed.headers.get('etag')]).toEqual([
          200,
          'Once',
          '"2"',
        ]);
        expect(codeOf(await change('Stale', '"1"'))).toEqual([412, 'precondition-failed']);
        const race = await Promise.all(Array.from({ length: 10 }, (_, index) => change(`Racer ${index}`, '"2"')));
        expect(race.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(412)]);
        const winner = race.find(({ status }) => status === 200)?.body;
        expect(await get(path)).toEqual(winner);
        expect((await change('Whatever', '*')).headers.get('etag')).toBe('"4"');
      }
    });

    it('a reader who has the version gets 304', async () => {
      const book = await createLedger(app, owner.token, 'Unchanged');
      const read = (tag: string, method = 'GET') => ask(method, book.path, { headers: { 'if-none-match': tag } });
      for (const tag of ['"1"', 'W/"1"', '"0", "1"', '*']) {
        const answer = await read(tag);
        expect([tag, answer.status, answer.text, answer.headers.get('etag')]).toEqual([tag, 304, '', '"1"']);
      }
      expect((await read('"1"', 'HEAD')).status).toBe(304);
      expect((await read('"2"')).status).toBe(200);
    });

    it('API-13 a change merges: what is not sent stays, null removes, arrays are replaced', async () => {
      const book = await createLedger(app, owner.token, 'Merging');
      for (const path of [book.path, `${book.path}/accounts/cash`]) {
        const change = async (metadata: unknown, type = 'application/merge-patch+json') => {
          const { status, body } = await ask('PATCH', path, {
            body: { metadata },
            headers: { 'if-match': '*', 'content-type': type },
          });
          expect(status).toBe(200);
          return (body as { metadata: unknown }).metadata;
        };
        expect(await change({ a: 1, b: { c: 2, d: [1, 2] } })).toEqual({ a: 1, b: { c: 2, d: [1, 2] } });
        expect(await change({ b: { c: null, d: [3] } })).toEqual({ a: 1, b: { d: [3] } });
        expect(await change({ a: null }, 'application/json')).toEqual({ b: { d: [3] } });
        const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, 1]));
        const full = await ask('PATCH', path, { body: { metadata: many }, headers: { 'if-match': '*' } });
        expect(codeOf(full)).toEqual([400, 'validation-failed']);
        const wrong = await ask('PATCH', path, {
          body: 'x',
          headers: { 'if-match': '*', 'content-type': 'text/plain' },
        });
        expect([wrong.status, wrong.headers.get('accept-patch')]).toEqual([
          415,
          'application/merge-patch+json, application/json',
        ]);
      }
    });
  });

  describe('idempotency', () => {
    it('API-04 a retry gets the first answer and changes nothing; quotes make no difference (API-02)', async () => {
      const body = {
        ...posting('1.00'),
        metadata: { zebra: 1, a: { y: null, b: [{ d: 1, c: 2 }] }, '10': 'x', '9': 'y' },
      };
      const first = await post(body, key('order-1'));
      const again = await post(body, key('"order-1"'));
      expect([
        again.status,
        again.body,
        again.headers.get('idempotent-replayed'),
        again.headers.get('location'),
      ]).toEqual([201, first.body, 'true', first.headers.get('location')]);
      expect(again.text).toBe(first.text);
      // the same request in other words
      const reordered = JSON.stringify(body).replace(/^\{/, '{ ');
      expect(
        (await post(reordered, { headers: { 'content-type': 'application/json', ...key('order-1').headers } })).body,
      ).toEqual(first.body);
      posted.push(first.body as never);
    });

    it('API-06 the key of another request is refused, in this ledger or another', async () => {
      expect(codeOf(await post(posting('2.00'), key('order-1')))).toEqual([422, 'idempotency-key-reused']);
      const other = await createLedger(app, owner.token, 'Elsewhere');
      const there = await ask('POST', `${other.path}/transactions`, { body: posting('1.00'), ...key('order-1') });
      expect(codeOf(there)).toEqual([422, 'idempotency-key-reused']);
    });

    it('API-05 F15 twenty at once have one effect and one answer', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(posting('3.00'), key('at-once'))));
      const ids = new Set(answers.map(({ body }) => (body as { id: string }).id));
      expect([new Set(answers.map(({ status }) => status)), ids.size]).toEqual([new Set([201]), 1]);
      expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    });

    it('API-08 a refusal is remembered, also when it would be accepted by now', async () => {
      const body = posting('1.00', { debit: 'later' });
      const refused = await post(body, key('too-early'));
      expect(codeOf(refused)).toEqual([422, 'unknown-account']);
      await ask('POST', `${ledger.path}/accounts`, { body: { code: 'later', type: 'asset' } });
      const again = await post(body, key('too-early'));
      expect([again.status, again.headers.get('content-type')]).toEqual([422, refused.headers.get('content-type')]);
      expect({ ...(again.body as object), traceId: '' }).toEqual({ ...(refused.body as object), traceId: '' });
      expect((await post(body, key('in-time'))).status).toBe(201);
    });

    it('API-08 what was never executed is not remembered: 400, 401, 403, 404 of a posting', async () => {
      const name = key('tried');
      expect((await post({ entries: 5 }, name)).status).toBe(400);
      expect((await post(posting('1.00'), { ...name, token: 'x' })).status).toBe(401);
      expect(
        (await ask('POST', `/v1/ledgers/${uuidv7()}/transactions`, { body: posting('1.00'), ...name })).status,
      ).toBe(404);
      expect((await post(posting('1.00'), name)).status).toBe(201);
    });

    it('API-07 a key belongs to one person and one operation', async () => {
      const colleague = await app.signIn('accountant', owner.tenantId);
      const mine = await post(posting('1.00'), key('same'));
      const theirs = await post(posting('1.00'), { ...key('same'), token: colleague.token });
      expect([mine.status, theirs.status]).toEqual([201, 201]);
      expect((mine.body as { id: string }).id).not.toBe((theirs.body as { id: string }).id);
      const account = await ask('POST', `${ledger.path}/accounts`, {
        body: { code: 'same-key', type: 'asset' },
        ...key('same'),
      });
      expect(account.status).toBe(201);
    });

    it('API-04 API-05 API-06 hold for what is created through repositories too', async () => {
      const body = { code: 'repeat', type: 'asset' };
      const create = (request: object) =>
        ask('POST', `${ledger.path}/accounts`, { body: request, ...key('account-1') });
      const answers = await Promise.all(Array.from({ length: 5 }, () => create(body)));
      for (const answer of answers.filter(({ status }) => status !== 201)) {
        expect(codeOf(answer)).toEqual([409, 'idempotency-key-in-use']);
        expect(answer.headers.get('retry-after')).toBe('1');
      }
      const first = answers.find(({ status }) => status === 201);
      const again = await create(body);
      expect(again.text).toBe(first?.text);
      expect([
        again.status,
        again.body,
        again.headers.get('idempotent-replayed'),
        again.headers.get('etag'),
        again.headers.get('location'),
      ]).toEqual([201, first?.body, 'true', '"1"', first?.headers.get('location')]);
      expect(codeOf(await create({ ...body, type: 'expense' }))).toEqual([422, 'idempotency-key-reused']);
    });

    it('API-07 a key is forgotten after its time, and may be used anew', async () => {
      const first = await post(posting('1.00'), key('old'));
      await app.sql(`UPDATE idempotency_keys SET expires_at = now() - interval '1 second' WHERE key = 'old'`);
      const second = await post(posting('2.00'), key('old'));
      expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, null]);
      expect((second.body as { id: string }).id).not.toBe((first.body as { id: string }).id);
      const again = await post(posting('2.00'), key('old'));
      expect([again.status, (again.body as { id: string }).id]).toEqual([201, (second.body as { id: string }).id]);
    });
  });

  it('REL-01 REL-02 REL-12 after all of this the books add up', async () => {
    expect(await faultsInBooks(app)).toEqual([]);
  });
});

describe('API-11 pages', () => {
  let book: TestLedger;
  const LISTS: Record<string, () => string> = {
    ledgers: () => '/v1/ledgers',
    accounts: () => `${book.path}/accounts`,
    currencies: () => `${book.path}/currencies`,
    transactions: () => `${book.path}/transactions`,
    entries: () => `${book.path}/accounts/cash/entries`,
  };
  const page = (path: string, query: string) => get<Page>(`${path}?${query}`);

  beforeAll(async () => {
    book = await createLedger(app, owner.token, 'Pages');
    for (const currency of ['EUR', 'USD', 'JPY', 'CHF', 'SEK'])
      for (let index = 0; index < 3; index += 1)
        await ask('POST', `${book.path}/transactions`, { body: posting('1', { currency }) });
  });

  it.each(Object.keys(LISTS))('%s: forwards and backwards every item once, in order; the ends say so', async (name) => {
    const path = LISTS[name]?.() as string;
    const { items: all } = await page(path, 'limit=200');
    expect(all.length).toBeGreaterThan(4);
    for (const limit of [1, 3, all.length, all.length + 1]) {
      const forwards: Page[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const one: Page = await page(path, `limit=${limit}${cursor && `&cursor=${cursor}`}`);
        forwards.push(one);
        cursor = one.next;
        if (forwards.length > 300) throw new Error('it does not end');
      }
      expect(forwards.flatMap(({ items }) => items)).toEqual(all);
      expect(forwards.every(({ items }) => items.length <= limit)).toBe(true);
      expect(forwards[0]?.previous).toBeNull();
      const backwards: Page[] = [];
      for (let cursor = forwards.at(-1)?.previous ?? null; cursor !== null;) {
        const one: Page = await page(path, `limit=${limit}&cursor=${cursor}`);
        backwards.unshift(one);
        cursor = one.previous;
      }
      expect(backwards.flatMap(({ items }) => items)).toEqual(forwards.slice(0, -1).flatMap(({ items }) => items));
    }
  });

  it('Link says what the body says', async () => {
    const path = LISTS.transactions?.() as string;
    const first = await ask('GET', `${path}?limit=2`);
    const { next } = first.body as Page;
    expect(first.headers.get('link')).toBe(`<${path}?limit=2&cursor=${next}>; rel="next"`);
    const second = await ask('GET', `${path}?limit=2&cursor=${next}`);
    const links = second.headers.get('link') ?? '';
    expect(links.match(/rel="(next|prev)"/g)).toEqual(['rel="next"', 'rel="prev"']);
    const [, previous = ''] = /, <([^>]+)>; rel="prev"/.exec(links) ?? [];
    expect((await get<Page>(previous)).items).toEqual((first.body as Page).items);
    expect((await ask('GET', `${path}?limit=200`)).headers.get('link')).toBeNull();
  });

  it('inserts between two pages neither repeat nor skip what was there', async () => {
    const path = LISTS.transactions?.() as string;
    const { items: before } = await page(path, 'limit=200');
    const seen: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const one: Page = await page(path, `limit=4${cursor && `&cursor=${cursor}`}`);
      seen.push(...one.items);
      cursor = one.next;
      await ask('POST', path, { body: posting('1', { currency: 'EUR' }) });
    }
    expect(seen).toEqual(before);
  });

  it('a cursor that was altered, or belongs to another list, filter or tenant, is refused', async () => {
    const { next } = await page(LISTS.transactions?.() as string, 'limit=2');
    const cursor = next as string;
    const refused = async (path: string, value: string, token = owner.token) => {
      const answer = await ask('GET', `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(value)}`, {
        token,
      });
      expect([path, ...codeOf(answer)]).toEqual([path, 400, 'invalid-cursor']);
    };
    const own = LISTS.transactions?.() as string;
    for (let index = 0; index < cursor.length; index += 1) {
      const other = cursor[index] === 'A' ? 'B' : 'A';
      await refused(own, cursor.slice(0, index) + other + cursor.slice(index + 1));
    }
    await refused(own, `${cursor}A`);
    await refused(own, `${cursor}=`);
    await refused(own, cursor.slice(0, -1));
    await refused(`${own}?reference=x`, cursor);
    for (const [name, path] of Object.entries(LISTS)) if (name !== 'transactions') await refused(path(), cursor);
    const twin = await createLedger(app, owner.token, 'Twin');
    await refused(`${twin.path}/transactions`, cursor);
    const stranger = await app.createTenantWithOwner();
    const { next: ledgersNext } = await page('/v1/ledgers', 'limit=1');
    await refused('/v1/ledgers', ledgersNext as string, stranger.token);
  });

  it('a cursor of ours is always taken back, also with the longest codes and filters', async () => {
    const long = '語'.repeat(254);
    const codes = Object.fromEntries(['a', 'b', 'c'].map((end) => [long + end, 'asset']));
    const other = await createLedger(app, owner.token, 'Long codes', codes);
    const first = await page(`${other.path}/accounts`, `limit=1&prefix=${encodeURIComponent(long)}`);
    const second = await page(`${other.path}/accounts`, `limit=1&cursor=${first.next}`);
    expect([first, second].map(({ items }) => items[0]?.code)).toEqual([`${long}a`, `${long}b`]);
  });
});

describe('API-18 tracing', () => {
  it('a trace is taken over, a malformed one replaced, and the problem names it', async () => {
    const traceId = randomUUID().replaceAll('-', '');
    const read = (traceparent: string) => ask('GET', `/v1/ledgers/${uuidv7()}`, { headers: { traceparent } });
    const known = await read(`00-${traceId}-00f067aa0ba902b7-01`);
    expect([known.status, (known.body as { traceId: string }).traceId]).toEqual([404, traceId]);
    expect(known.headers.get('traceparent')).toMatch(new RegExp(`^00-${traceId}-`));
    for (const bad of ['x', '00-0-0-00', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`]) {
      const fresh = await read(bad);
      expect(fresh.status).toBe(404);
      expect((fresh.body as { traceId: string }).traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    }
  });
});
