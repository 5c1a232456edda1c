import { uuidv7 } from '../../src/common/ids/uuid';
import { type RequestOptions, startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, fingerprintOfTables, posting, type TestLedger } from '../support/ledger';

let app: TestApp;
let owner: TestTenant;
let ledger: TestLedger;
let transaction: string;

beforeAll(async () => {
  app = await startTestApp({ BODY_LIMIT_BYTES: '200000' });
  owner = await app.createTenantWithOwner();
  ledger = await createLedger(app, owner.token, 'Main');
  transaction = ((await post(posting('10.00'))).body as { id: string }).id;
});

afterAll(() => app.close());

const post = (body: unknown, options: RequestOptions = {}): Promise<TestAnswer> =>
  app.request('POST', `${ledger.path}/transactions`, { token: owner.token, body, ...options });

/** Everything but remembered refusals, which the contract asks for (API-08). */
const state = () =>
  fingerprintOfTables(app, [
    'ledgers',
    'ledger_heads',
    'currencies',
    'accounts',
    'balances',
    'transactions',
    'entries',
  ]);

interface Case {
  readonly what: string;
  readonly ask: () => Promise<TestAnswer>;
  readonly status: number;
  readonly code: string;
  readonly pointer?: string | undefined;
}

/** A precise problem, and nothing changed. */
async function check({ ask, status, code, pointer }: Case): Promise<void> {
  const before = await state();
  const answer = await ask();
  const body = answer.body as { code: string; status: number; errors?: { pointer: string }[]; traceId?: string };
  expect([answer.status, body.code, body.errors?.map((error) => error.pointer)[0]]).toEqual([status, code, pointer]);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body.status).toBe(status);
  expect(body.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(answer.text).not.toMatch(/_fkey|_check|_key\b|violates|SELECT|INSERT|at .*\.ts:/);
  expect(await state()).toEqual(before);
}

/** A value where it does not belong. */
const invalid = (what: string, ask: () => Promise<TestAnswer>, pointer?: string): Case => ({
  what,
  ask,
  status: 400,
  code: 'validation-failed',
  pointer,
});

function matrix(title: string, cases: () => readonly Case[]): void {
  it.each(cases().map((one) => ({ what: one.what, one })))(`${title}: $what`, ({ one }) => check(one));
}

const show = (value: unknown): string => JSON.stringify(value ?? null).slice(0, 60);
const NOT_TEXT = [null, 5, true, [], ['x'], {}];
const NOT_OBJECT = [null, 5, true, 'text', []];
const deep = (levels: number): unknown => (levels === 0 ? 'x' : { d: deep(levels - 1) });
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
const BAD_METADATA = [5, true, 'text', [], ['x'], deep(6), keys(51), { k: 'x'.repeat(17_000) }];

describe('API-16 a posting: entries', () => {
  const entry = (change: Record<string, unknown>) => () => {
    const body = posting('1.00');
    body.entries[1] = JSON.parse(JSON.stringify({ ...body.entries[1], ...change }));
    return post(body);
  };
  const without = (field: string) => entry({ [field]: undefined });

  matrix('refused', () => [
    ...[
      ...NOT_TEXT,
      1.5,
      '',
      ' ',
      '-1.00',
      '+1.00',
      '1e2',
      ' 1.00',
      '1.00 ',
      '01.00',
      '1,00',
      '1_0',
      '.50',
      '1.',
      'NaN',
    ]
      .concat(['Infinity', '0x10', '١', '1'.repeat(39), `1.${'0'.repeat(19)}`, '1'.repeat(100_000)])
      .map((amount) => invalid(`amount ${show(amount)}`, entry({ amount }), '/entries/1/amount')),
    ...[...NOT_TEXT, '', 'DEBIT', 'both', 'debit '].map((direction) =>
      invalid(`direction ${show(direction)}`, entry({ direction }), '/entries/1/direction'),
    ),
    ...[...NOT_TEXT, '', 'E', 'E'.repeat(17)].map((currency) =>
      invalid(`currency ${show(currency)}`, entry({ currency }), '/entries/1/currency'),
    ),
    ...[...NOT_TEXT, '', 'x'.repeat(256)].map((account) =>
      invalid(`account ${show(account)}`, entry({ account }), '/entries/1/account'),
    ),
    ...['amount', 'direction', 'currency', 'account'].map((field) =>
      invalid(`no ${field}`, without(field), `/entries/1/${field}`),
    ),
    ...['id', 'accountId', 'version', 'toString', 'a/b~c'].map((field) =>
      invalid(
        `unknown field ${field}`,
        entry({ [field]: 'x' }),
        `/entries/1/${field.replace('~', '~0').replace('/', '~1')}`,
      ),
    ),
  ]);

  const refused = (what: string, code: string, field: string, change: Record<string, unknown>): Case => ({
    what,
    ask: entry(change),
    status: 422,
    code,
    pointer: `/entries/1/${field}`,
  });
  matrix('refused by the ledger', () => [
    refused('amount zero', 'amount-out-of-range', 'amount', { amount: '0' }),
    refused('amount zero with decimals', 'amount-out-of-range', 'amount', { amount: '0.00' }),
    refused('more decimals than EUR has', 'amount-precision', 'amount', { amount: '1.001' }),
    refused('more decimals, all zero', 'amount-precision', 'amount', { amount: '1.000' }),
    refused('decimals of a currency without', 'amount-precision', 'amount', { amount: '1.0', currency: 'JPY' }),
    refused('39 digits in minor units', 'amount-out-of-range', 'amount', { amount: '9'.repeat(37) }),
    refused('a currency that is not one', 'unknown-currency', 'currency', { currency: 'EURO' }),
    refused('a currency in small letters', 'unknown-currency', 'currency', { currency: 'eur' }),
    refused('an account that is not there', 'unknown-account', 'account', { account: 'nobody' }),
    refused('an account id that is not there', 'unknown-account', 'account', { account: uuidv7() }),
    refused('an account by another case', 'unknown-account', 'account', { account: 'Sales' }),
  ]);
});

describe('API-16 a posting: the whole', () => {
  const body = (change: Record<string, unknown>) => () => post({ ...posting('1.00'), ...change });
  const [debit, credit] = posting('1.00').entries;
  const raw =
    (text: string, headers: Record<string, string> = {}) =>
    () =>
      post(text, { headers: { 'content-type': 'application/json', ...headers } });
  const json = (what: string, text: string, pointer?: string): Case => ({
    what,
    ask: raw(text),
    status: 400,
    code: 'invalid-json',
    pointer,
  });

  matrix('refused', () => [
    ...[undefined, null, 5, true, 'text', {}, { 0: debit, 1: credit, length: 2 }, [], [debit]].map((entries) =>
      invalid(`entries ${show(entries)}`, body({ entries }), '/entries'),
    ),
    invalid('1001 entries', body({ entries: Array.from({ length: 1001 }, () => debit) }), '/entries'),
    ...[null, 5, 'text', true].map((one) =>
      invalid(`an entry that is ${show(one)}`, body({ entries: [debit, one] }), '/entries/1'),
    ),
    ...[
      [
        [debit, credit],
        [debit, credit],
      ],
      [debit, [credit]],
      [[], []],
    ].map((entries) =>
      invalid(
        `arrays in entries ${show(entries)}`,
        body({ entries }),
        `/entries/${entries[0] instanceof Array ? 0 : 1}`,
      ),
    ),
    ...[5, true, [], {}, '', 'x'.repeat(256)].map((reference) =>
      invalid(`reference ${show(reference)}`, body({ reference }), '/reference'),
    ),
    ...[5, true, [], {}, 'x'.repeat(1001)].map((description) =>
      invalid(`description ${show(description)}`, body({ description }), '/description'),
    ),
    ...[5, true, [], {}, '', 'now', '2026-11-21', '2026-11-21T10:15:00', '2026-02-30T00:00:00Z', '2026-11-21T24:00:00Z']
      .concat(['0000-01-01T00:00:00Z', '+012026-01-01T00:00:00Z', '2026-11-21T10:15:00.0001Z'])
      .map((effectiveAt) => invalid(`effectiveAt ${show(effectiveAt)}`, body({ effectiveAt }), '/effectiveAt')),
    ...BAD_METADATA.map((metadata) => invalid(`metadata ${show(metadata)}`, body({ metadata }), '/metadata')),
    ...['id', 'sequence', 'tenantId', 'createdAt', 'status', 'hasOwnProperty', 'constructor'].map((field) =>
      invalid(`unknown field ${field}`, body({ [field]: uuidv7() }), `/${field}`),
    ),
    invalid('no body', () => post(undefined), '/entries'),
    invalid('the body null', raw('null'), '/entries'),
    ...['[]', '[{}]', '5', 'true', '"text"', '[[]]'].map((text) => invalid(`the body ${text}`, raw(text), '')),
  ]);

  const entries = JSON.stringify(posting('1.00').entries);
  matrix('API-22 refused as JSON', () =>
    [
      json('half a body', '{"entries":['),
      json('trailing text', `{"entries":${entries}}x`),
      json('a comment', `{"entries":${entries}/**/}`),
      json('a key twice', `{"entries":${entries},"entries":${entries}}`, '/entries'),
      json('a key twice by an escape', `{"entries":${entries},"entrie\\u0073":[]}`, '/entries'),
      json('__proto__', `{"entries":${entries},"__proto__":{"a":1}}`, '/__proto__'),
      json('a prototype', `{"entries":${entries},"constructor":{"prototype":{}}}`, '/constructor'),
      json('a NUL', `{"entries":${entries},"description":"a\\u0000b"}`, '/description'),
      json('a lone surrogate', `{"entries":${entries},"description":"\\ud800"}`, '/description'),
      json('a number beyond 2^53', `{"entries":${entries},"metadata":{"n":9007199254740993}}`, '/metadata/n'),
      json('1e999', `{"entries":${entries},"metadata":{"n":1e999}}`, '/metadata/n'),
      json('33 levels', `{"entries":${entries},"metadata":${'['.repeat(33)}${']'.repeat(33)}}`, undefined),
    ].map((one) => (one.what === '33 levels' ? { ...one, pointer: `/metadata${'/0'.repeat(31)}` } : one)),
  );

  matrix('refused', () => [
    {
      what: 'a body above the limit',
      ask: body({ metadata: { k: 'x'.repeat(300_000) } }),
      status: 413,
      code: 'payload-too-large',
    },
    ...[
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonx',
    ].map((type) => ({
      what: `Content-Type ${type}`,
      ask: () => post(JSON.stringify(posting('1.00')), { headers: { 'content-type': type } }),
      status: 415,
      code: 'unsupported-media-type',
    })),
    {
      what: 'API-03 no Idempotency-Key',
      ask: () => post(posting('1.00'), { headers: { 'idempotency-key': '' } }),
      status: 400,
      code: 'idempotency-key-required',
    },
    ...['""', '"open', 'x'.repeat(256), '"k";a=1', 'a,b', 'tab\tkey', 'café'].map((key) => ({
      what: `API-02 Idempotency-Key ${show(key)}`,
      ask: () => post(posting('1.00'), { headers: { 'idempotency-key': key } }),
      status: 400,
      code: 'idempotency-key-invalid',
    })),
    {
      what: 'REL-01 debits and credits that differ',
      ask: body({ entries: [debit, { ...credit, amount: '1.01' }] }),
      status: 422,
      code: 'unbalanced',
      pointer: '/entries',
    },
    {
      what: 'REL-08 balanced only across currencies',
      ask: body({ entries: [debit, { ...credit, currency: 'USD' }] }),
      status: 422,
      code: 'unbalanced',
      pointer: '/entries',
    },
    {
      what: 'one side only',
      ask: body({ entries: [debit, debit] }),
      status: 422,
      code: 'unbalanced',
      pointer: '/entries',
    },
    {
      what: 'REL-11 a balance beyond 38 digits',
      ask: async () => {
        const huge = '9'.repeat(36);
        const one = { account: 'rent', amount: huge, currency: 'EUR' };
        return post({
          entries: [
            ...Array.from({ length: 2 }, () => ({ ...one, direction: 'debit' })),
            ...Array.from({ length: 2 }, () => ({ ...one, direction: 'credit' })),
          ],
        });
      },
      status: 422,
      code: 'amount-out-of-range',
      pointer: '/entries/1/amount',
    },
  ]);

  it('refuses a reference that is taken, in the same breath too', async () => {
    const reference = uuidv7();
    const answers = await Promise.all([1, 2, 3].map((amount) => post({ ...posting(`${amount}.00`), reference })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422]);
    await check({
      what: '',
      ask: () => post({ ...posting('9.00'), reference }),
      status: 422,
      code: 'reference-used',
      pointer: '/reference',
    });
  });
});

describe('ledgers, accounts and currencies', () => {
  const ledgers = (body: unknown) => () => app.request('POST', '/v1/ledgers', { token: owner.token, body });
  const accounts = (body: unknown) => () =>
    app.request('POST', `${ledger.path}/accounts`, { token: owner.token, body });
  const currencies = (body: unknown) => () =>
    app.request('POST', `${ledger.path}/currencies`, { token: owner.token, body });
  const patch =
    (path: () => string, body: unknown, headers: Record<string, string> = { 'if-match': '"1"' }) =>
    () =>
      app.request('PATCH', path(), { token: owner.token, body, headers });
  const account = { code: 'new:account', type: 'asset' };
  const currency = { code: 'POINTS', scale: 0, name: 'Points' };
  const ledgerPath = () => ledger.path;
  const accountPath = () => `${ledger.path}/accounts/cash`;

  matrix('a ledger is refused', () => [
    ...[undefined, ...NOT_TEXT, '', 'x'.repeat(121)].map((name) =>
      invalid(`name ${show(name)}`, ledgers({ name }), '/name'),
    ),
    ...[5, [], {}, 'x'.repeat(1001)].map((description) =>
      invalid(`description ${show(description)}`, ledgers({ name: 'A', description }), '/description'),
    ),
    ...[...BAD_METADATA, null].map((metadata) =>
      invalid(`metadata ${show(metadata)}`, ledgers({ name: 'A', metadata }), '/metadata'),
    ),
    ...['id', 'status', 'tenantId', 'version'].map((field) =>
      invalid(`unknown field ${field}`, ledgers({ name: 'A', [field]: 'x' }), `/${field}`),
    ),
    ...NOT_OBJECT.map((body) =>
      invalid(`the body ${show(body)}`, ledgers(JSON.stringify(body)), body === null ? '/name' : ''),
    ),
    { what: 'a name that is taken', ask: ledgers({ name: 'Main' }), status: 409, code: 'conflict', pointer: '/name' },
  ]);

  matrix('an account is refused', () => [
    ...[undefined, ...NOT_TEXT, '', ':', 'a:', ':a', 'a::b', 'a*', 'a/b', ' a', 'a ', 'a\nb', 'x'.repeat(256)].map(
      (code) => invalid(`code ${show(code)}`, accounts({ ...account, code }), '/code'),
    ),
    ...[undefined, ...NOT_TEXT, '', 'Asset', 'bank'].map((type) =>
      invalid(`type ${show(type)}`, accounts({ ...account, type }), '/type'),
    ),
    ...[5, [], {}, 'left'].map((normalBalance) =>
      invalid(`normalBalance ${show(normalBalance)}`, accounts({ ...account, normalBalance }), '/normalBalance'),
    ),
    ...[5, 'EUR', {}, [], ['EUR', 'EUR'], [5], [null], ['eur'], [['EUR']], Array(51).fill('EUR')].map((list) =>
      invalid(`currencies ${show(list)}`, accounts({ ...account, currencies: list }), '/currencies'),
    ),
    ...[5, [], {}, 'x'.repeat(201)].map((name) =>
      invalid(`name ${show(name)}`, accounts({ ...account, name }), '/name'),
    ),
    ...BAD_METADATA.map((metadata) =>
      invalid(`metadata ${show(metadata)}`, accounts({ ...account, metadata }), '/metadata'),
    ),
    ...['id', 'ledgerId', 'status', 'version', 'balance'].map((field) =>
      invalid(`unknown field ${field}`, accounts({ ...account, [field]: 'x' }), `/${field}`),
    ),
    ...NOT_OBJECT.map((body) =>
      invalid(`the body ${show(body)}`, accounts(JSON.stringify(body)), body === null ? '/code' : ''),
    ),
    {
      what: 'a code that is taken',
      ask: accounts({ ...account, code: 'cash' }),
      status: 409,
      code: 'conflict',
      pointer: '/code',
    },
    {
      what: 'a currency that is not one',
      ask: accounts({ ...account, currencies: ['EUR', 'EURO'] }),
      status: 422,
      code: 'unknown-currency',
      pointer: '/currencies/1',
    },
  ]);

  matrix('a currency is refused', () => [
    ...[undefined, ...NOT_TEXT, '', 'P', 'points', 'P-1', 'P'.repeat(17)].map((code) =>
      invalid(`code ${show(code)}`, currencies({ ...currency, code }), '/code'),
    ),
    ...[undefined, null, '0', 0.5, -1, 19, [], {}, true].map((scale) =>
      invalid(`scale ${show(scale)}`, currencies({ ...currency, scale }), '/scale'),
    ),
    ...[undefined, ...NOT_TEXT, '', 'x'.repeat(121)].map((name) =>
      invalid(`name ${show(name)}`, currencies({ ...currency, name }), '/name'),
    ),
    invalid('unknown field custom', currencies({ ...currency, custom: false }), '/custom'),
    ...NOT_OBJECT.map((body) =>
      invalid(`the body ${show(body)}`, currencies(JSON.stringify(body)), body === null ? '/code' : ''),
    ),
    {
      what: 'a code of ISO 4217',
      ask: currencies({ ...currency, code: 'EUR' }),
      status: 422,
      code: 'currency-reserved',
      pointer: '/code',
    },
  ]);

  matrix('a change of a ledger is refused', () => [
    ...[...NOT_TEXT, '', 'x'.repeat(121)].map((name) =>
      invalid(`name ${show(name)}`, patch(ledgerPath, { name }), '/name'),
    ),
    ...[null, 5, [], 'gone', 'OPEN'].map((status) =>
      invalid(`status ${show(status)}`, patch(ledgerPath, { status }), '/status'),
    ),
    ...[...BAD_METADATA, null].map((metadata) =>
      invalid(`metadata ${show(metadata)}`, patch(ledgerPath, { metadata }), '/metadata'),
    ),
    ...['id', 'version', 'createdAt'].map((field) =>
      invalid(`unknown field ${field}`, patch(ledgerPath, { [field]: 'x' }), `/${field}`),
    ),
    ...NOT_OBJECT.filter((body) => body !== null).map((body) =>
      invalid(`the body ${show(body)}`, patch(ledgerPath, JSON.stringify(body)), ''),
    ),
    {
      what: 'API-10 no If-Match',
      ask: patch(ledgerPath, { description: 'x' }, {}),
      status: 428,
      code: 'precondition-required',
    },
    ...['"2"', '1', 'W/"1"', '""', '"x"', '"1', '"1", "2"', '"01"'].map((tag) => ({
      what: `API-10 If-Match ${tag}`,
      ask: patch(ledgerPath, { description: 'x' }, { 'if-match': tag }),
      status: 412,
      code: 'precondition-failed',
    })),
    {
      what: 'Content-Type text/plain',
      ask: patch(ledgerPath, '{}', { 'if-match': '"1"', 'content-type': 'text/plain' }),
      status: 415,
      code: 'unsupported-media-type',
    },
  ]);

  matrix('a change of an account is refused', () => [
    ...[5, [], {}, 'x'.repeat(201)].map((name) => invalid(`name ${show(name)}`, patch(accountPath, { name }), '/name')),
    ...[null, 5, [], 'gone'].map((status) =>
      invalid(`status ${show(status)}`, patch(accountPath, { status }), '/status'),
    ),
    ...[5, 'EUR', {}, [], ['eur']].map((list) =>
      invalid(`currencies ${show(list)}`, patch(accountPath, { currencies: list }), '/currencies'),
    ),
    ...[...BAD_METADATA, null].map((metadata) =>
      invalid(`metadata ${show(metadata)}`, patch(accountPath, { metadata }), '/metadata'),
    ),
    ...['code', 'type', 'normalBalance', 'id', 'balance'].map((field) =>
      invalid(`fixed or unknown field ${field}`, patch(accountPath, { [field]: 'asset' }), `/${field}`),
    ),
    {
      what: 'API-10 no If-Match',
      ask: patch(accountPath, { name: 'x' }, {}),
      status: 428,
      code: 'precondition-required',
    },
    {
      what: 'API-10 another version',
      ask: patch(accountPath, { name: 'x' }, { 'if-match': '"7"' }),
      status: 412,
      code: 'precondition-failed',
    },
    {
      what: 'a currency that is not one',
      ask: patch(accountPath, { currencies: ['EURO'] }),
      status: 422,
      code: 'unknown-currency',
      pointer: '/currencies/0',
    },
  ]);
});

describe('F11 queries and paths', () => {
  const get = (path: string) => () => app.request('GET', path.replace('LEDGER', ledger.id), { token: owner.token });
  const LISTS = [
    '/v1/ledgers',
    '/v1/ledgers/LEDGER/accounts',
    '/v1/ledgers/LEDGER/currencies',
    '/v1/ledgers/LEDGER/transactions',
    '/v1/ledgers/LEDGER/accounts/cash/entries',
  ];
  matrix('a list is refused', () =>
    LISTS.flatMap((list) => [
      ...['0', '-1', '201', '1.5', 'x', '', 'null', 'NaN', '1&limit=2', '9'.repeat(400)].map((limit) =>
        invalid(`${list}?limit=${limit.slice(0, 20)}`, get(`${list}?limit=${limit}`), '?limit'),
      ),
      invalid(`${list}?limit[a]=1`, get(`${list}?limit[a]=1`), '?limit[a]'),
      invalid(`${list}?offset=1`, get(`${list}?offset=1`), '?offset'),
      invalid(`${list}?cursor=a&cursor=b`, get(`${list}?cursor=a&cursor=b`), '?cursor'),
      ...['x', '', 'AAAA', '../..', 'A'.repeat(2000)].map((cursor) => ({
        what: `${list}?cursor=${cursor.slice(0, 20)}`,
        ask: get(`${list}?cursor=${cursor}`),
        status: 400,
        code: 'invalid-cursor',
        pointer: '?cursor',
      })),
    ]),
  );

  const MOMENTS = ['/v1/ledgers/LEDGER/trial-balance', '/v1/ledgers/LEDGER/accounts/cash/balances'];
  matrix('a moment is refused', () =>
    MOMENTS.flatMap((path) => [
      ...[
        '',
        'now',
        '2026-11-21',
        '5',
        'null',
        '2026-02-30T00:00:00Z',
        '2026-11-21T10:15:00Z&asOf=2026-11-21T10:15:00Z',
      ].map((asOf) => invalid(`${path}?asOf=${asOf}`, get(`${path}?asOf=${asOf}`), '?asOf')),
      ...['', 'posted', 'effective&axis=created'].map((axis) =>
        invalid(`${path}?axis=${axis}`, get(`${path}?axis=${axis}`), '?axis'),
      ),
      invalid(`${path}?as_of=x`, get(`${path}?as_of=x`), '?as_of'),
    ]),
  );

  matrix('a filter is refused', () => [
    ...['', 'a&reference=b', 'x'.repeat(256)].map((reference) =>
      invalid(`reference=${reference.slice(0, 20)}`, get(`${LISTS[3]}?reference=${reference}`), '?reference'),
    ),
    invalid('a NUL in cursor', get(`${LISTS[0]}?cursor=%00`), '?cursor'),
    invalid('a NUL in reference', get(`${LISTS[3]}?reference=a%00b`), '?reference'),
    invalid('a NUL in prefix', get(`${LISTS[1]}?prefix=a%00b`), '?prefix'),
    invalid('prefix twice', get(`${LISTS[1]}?prefix=a&prefix=b`), '?prefix'),
  ]);

  matrix('nothing is there', () =>
    [
      ...['x', 'null', 'undefined', '0', '%00', '%20', "'%20OR%201=1", uuidv7(), 'x'.repeat(600)].flatMap((id) =>
        [
          `/v1/ledgers/${id}`,
          `/v1/ledgers/${id}/trial-balance`,
          `/v1/ledgers/${id}/accounts`,
          `/v1/ledgers/LEDGER/transactions/${id}`,
        ].map((path) => ({
          what: path.slice(0, 60),
          ask: async () => {
            const answer = await get(path)();
            // an id that cannot be is answered in its own words; the status is what counts
            return withTrace({ ...answer, body: { ...(answer.body as object), code: 'not-found' } });
          },
          status: id.length > 512 ? 414 : 404,
          code: 'not-found',
        })),
      ),
      ...['nobody', '%00', 'a%00b', uuidv7(), '*', '%F0%9F%92%B8', 'x'.repeat(500)].flatMap((account) =>
        ['', '/balances', '/entries'].map((path) => ({
          what: `account ${account.slice(0, 40)}${path}`,
          ask: get(`/v1/ledgers/LEDGER/accounts/${account}${path}`),
          status: 404,
          code: account.includes('%00') ? 'not-found' : 'account-not-found',
        })),
      ),
      { what: '%zz', ask: get('/v1/ledgers/%zz'), status: 400, code: 'bad-request' },
    ].map((one) => (one.what === '%zz' ? { ...one, ask: async () => withTrace(await one.ask()) } : one)),
  );

  /** What is no address has not reached a route, and has no trace. */
  const withTrace = (answer: TestAnswer): TestAnswer => ({
    ...answer,
    body: { traceId: '0'.repeat(32), ...(answer.body as object) },
  });

  it('a wrong method is 405 with Allow', async () => {
    for (const [method, path, allow] of [
      ['DELETE', ledger.path, 'GET, HEAD, PATCH'],
      ['PUT', `${ledger.path}/transactions/${transaction}`, 'GET, HEAD'],
      ['PATCH', `${ledger.path}/transactions`, 'GET, HEAD, POST'],
      ['DELETE', `${ledger.path}/accounts/cash`, 'GET, HEAD, PATCH'],
    ] as const) {
      const answer = await app.request(method, path, { token: owner.token });
      expect([answer.status, answer.headers.get('allow'), (answer.body as { code: string }).code]).toEqual([
        405,
        allow,
        'method-not-allowed',
      ]);
    }
  });
});

describe('who and when', () => {
  const all = (): [string, string, unknown?][] => [
    ['POST', '/v1/ledgers', { name: 'Another' }],
    ['PATCH', ledger.path, { name: 'Renamed' }],
    ['POST', `${ledger.path}/accounts`, { code: 'x', type: 'asset' }],
    ['PATCH', `${ledger.path}/accounts/cash`, { name: 'x' }],
    ['POST', `${ledger.path}/currencies`, { code: 'POINTS', scale: 0, name: 'Points' }],
    ['POST', `${ledger.path}/transactions`, posting('1.00')],
    ['GET', '/v1/ledgers'],
    ['GET', ledger.path],
    ['GET', `${ledger.path}/trial-balance`],
    ['GET', `${ledger.path}/currencies`],
    ['GET', `${ledger.path}/accounts`],
    ['GET', `${ledger.path}/accounts/cash`],
    ['GET', `${ledger.path}/accounts/cash/balances`],
    ['GET', `${ledger.path}/accounts/cash/entries`],
    ['GET', `${ledger.path}/transactions`],
    ['GET', `${ledger.path}/transactions/${transaction}`],
  ];
  const ask = ([method, path, body]: [string, string, unknown?], token?: string) =>
    app.request(method, path, { ...(token ? { token } : {}), body, headers: { 'if-match': '"1"' } });

  it('AUTH-29 a viewer reads everything and writes nothing; an accountant posts', async () => {
    const viewer = await app.signIn('viewer', owner.tenantId);
    const before = await state();
    for (const request of all()) {
      const { status, body } = await ask(request, viewer.token);
      if (request[0] === 'GET') expect([request, status]).toEqual([request, 200]);
      else expect([request, status, (body as { code: string }).code]).toEqual([request, 403, 'forbidden']);
    }
    expect(await state()).toEqual(before);
    const accountant = await app.signIn('accountant', owner.tenantId);
    const posted = await post(posting('1.00'), { token: accountant.token });
    expect([posted.status, (posted.body as { createdBy: string }).createdBy]).toEqual([201, accountant.userId]);
  });

  it('TEN-04 another tenant gets for everything the answer that an unknown id gets, and changes nothing', async () => {
    const stranger = await app.createTenantWithOwner();
    const own = await createLedger(app, stranger.token, 'Main');
    await app.request('POST', `${own.path}/transactions`, { token: stranger.token, body: posting('1.00') });
    const nobody = uuidv7();
    const before = await state();
    const look = async (request: [string, string, unknown?]) => {
      const { status, body, headers } = await ask(request, stranger.token);
      const names = [...headers.keys()].filter((name) => name !== 'content-length').sort();
      return { status, body: { ...(body as object), traceId: '' }, names };
    };
    for (const [method, path, body] of all().filter(([, path]) => path.includes(ledger.id))) {
      const unknown = await look([method, path.replaceAll(ledger.id, nobody), body]);
      expect(unknown.status).toBe(404);
      expect(await look([method, path, body])).toEqual(unknown);
      // the stranger's own ledger with this tenant's transaction or account in it
      if (path.includes(transaction))
        expect(await look([method, path.replaceAll(ledger.id, own.id), body])).toEqual(
          await look([method, path.replaceAll(ledger.id, own.id).replaceAll(transaction, nobody), body]),
        );
    }
    const account = ledger.accounts.get('cash') as string;
    for (const path of ['', '/balances', '/entries'])
      expect(await look(['GET', `${own.path}/accounts/${account}${path}`])).toEqual(
        await look(['GET', `${own.path}/accounts/${nobody}${path}`]),
      );
    const entry = (id: string) => look(['POST', `${own.path}/transactions`, posting('1.00', { debit: id })]);
    const [foreign, unknown] = [await entry(account), await entry(nobody)];
    expect(JSON.stringify(foreign).replaceAll(account, nobody)).toBe(JSON.stringify(unknown));
    expect(await state()).toEqual(before);
  });

  it('TEN-04 names, keys and references of one tenant mean nothing in another', async () => {
    const stranger = await app.createTenantWithOwner();
    const own = await createLedger(app, stranger.token, 'Main');
    const key = { 'idempotency-key': 'shared-between-tenants' };
    const body = { ...posting('1.00'), reference: 'shared' };
    const mine = await post(body, { headers: key });
    const theirs = await app.request('POST', `${own.path}/transactions`, { token: stranger.token, body, headers: key });
    expect([mine.status, theirs.status, theirs.headers.get('idempotent-replayed')]).toEqual([201, 201, null]);
    expect((theirs.body as { sequence: number }).sequence).toBe(1);
  });

  it('without a token everything is 401 and nothing happens', async () => {
    const before = await state();
    for (const request of all()) {
      const { status, body } = await ask(request);
      expect([request, status, (body as { code: string }).code]).toEqual([request, 401, 'unauthenticated']);
    }
    expect(await state()).toEqual(before);
  });

  it('a closed account takes no entries, a closed ledger neither entries nor accounts; both open again', async () => {
    const other = await createLedger(app, owner.token, 'To be closed');
    const change = async (path: string, status: string) => {
      const answer = await app.request('PATCH', path, {
        token: owner.token,
        body: { status },
        headers: { 'if-match': '*' },
      });
      expect(answer.status).toBe(200);
    };
    const attempt = () =>
      app.request('POST', `${other.path}/transactions`, { token: owner.token, body: posting('1.00') });
    await change(`${other.path}/accounts/sales`, 'closed');
    await check({ what: '', ask: attempt, status: 422, code: 'account-closed', pointer: '/entries/1/account' });
    await change(`${other.path}/accounts/sales`, 'open');
    await change(other.path, 'closed');
    await check({ what: '', ask: attempt, status: 422, code: 'ledger-closed' });
    const account = () =>
      app.request('POST', `${other.path}/accounts`, { token: owner.token, body: { code: 'x', type: 'asset' } });
    await check({ what: '', ask: account, status: 422, code: 'ledger-closed' });
    await change(other.path, 'open');
    expect((await attempt()).status).toBe(201);
  });

  it('an account takes only the currencies on its list', async () => {
    await app.request('POST', `${ledger.path}/accounts`, {
      token: owner.token,
      body: { code: 'euros', type: 'asset', currencies: ['EUR'] },
    });
    expect((await post(posting('1.00', { debit: 'euros' }))).status).toBe(201);
    await check({
      what: '',
      ask: () => post(posting('1.00', { debit: 'euros', currency: 'USD' })),
      status: 422,
      code: 'currency-not-allowed',
      pointer: '/entries/0/currency',
    });
  });

  it('a suspended tenant posts nothing', async () => {
    const tenant = await app.createTenantWithOwner();
    const own = await createLedger(app, tenant.token);
    await app.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenant.tenantId]);
    const before = await state();
    // the engine looks at the row itself, whatever a guard has remembered
    const answer = await app.request('POST', `${own.path}/transactions`, {
      token: tenant.token,
      body: posting('1.00'),
    });
    expect([answer.status, (answer.body as { code: string }).code]).toEqual([403, 'tenant-not-active']);
    expect(await state()).toEqual(before);
  });
});

it('REL-01 REL-02 after all of this the books add up', async () => {
  expect(await faultsInBooks(app)).toEqual([]);
});
