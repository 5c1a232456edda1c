import { uuidv7 } from '../../src/common/ids/uuid';
import { type RequestOptions, startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { createLedger, fingerprintOfTables, type TestLedger } from '../support/ledger';

let app: TestApp;
let owner: TestTenant;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp();
  owner = await app.createTenantWithOwner();
  ledger = await createLedger(app, owner.token);
});

afterAll(() => app.close());

const LIMITS = {
  currency: 'EUR',
  minimumAvailable: '0.00',
  maximumAvailable: '10000.00',
  creditLine: { amount: '500.00', from: '2026-01-01T00:00:00.000Z', until: null },
  velocity: [{ direction: 'debit', window: 'P1D', amount: '1000.00', count: 10 }],
};
const WALLET = {
  pattern: 'users:*:wallet',
  name: 'Wallet',
  type: 'liability',
  currencies: ['EUR', 'USD'],
  limits: [LIMITS],
  metadata: { kind: 'wallet' },
};

const ask = (method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<TestAnswer> =>
  app.request(method, `${ledger.path}/account-templates${path}`, { token: owner.token, body, ...options });
const ifMatch = (etag: string) => ({ headers: { 'if-match': etag } });

async function created(pattern: string, change: object = {}): Promise<string> {
  const { status, body, text } = await ask('POST', '', { ...WALLET, ...change, pattern });
  if (status !== 201) throw new Error(text);
  return `/${body.id as string}`;
}

const state = () => fingerprintOfTables(app, ['account_templates', 'accounts', 'currencies']);

/** Refused with this code and this pointer, and nothing changed. */
async function refused(
  request: () => Promise<TestAnswer>,
  status: number,
  code: string,
  pointer?: string,
): Promise<void> {
  const before = await state();
  const answer = await request();
  const body = answer.body as { code: string; errors?: { pointer: string }[] };
  expect([answer.status, body.code, body.errors?.[0]?.pointer]).toEqual([status, code, pointer]);
  expect(await state()).toEqual(before);
}

describe('an account template', () => {
  it('is created, read and removed', async () => {
    const { body, ...answer } = await ask('POST', '', WALLET);
    expect([answer.status, answer.headers.get('etag')]).toEqual([201, '"1"']);
    expect(answer.headers.get('location')).toBe(`${ledger.path}/account-templates/${body.id}`);
    expect(body).toEqual({
      ...WALLET,
      id: expect.any(String),
      ledgerId: ledger.id,
      normalBalance: 'credit',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const read = await ask('GET', `/${body.id}`);
    expect([read.status, read.headers.get('etag'), read.body]).toEqual([200, '"1"', body]);
    expect((await ask('DELETE', `/${body.id}`, undefined, ifMatch('"1"'))).status).toBe(204);
    await refused(() => ask('GET', `/${body.id}`), 404, 'account-template-not-found');
    await created(WALLET.pattern);
  });

  it('has few fields that must be', async () => {
    const { body } = await ask('POST', '', { pattern: '**', type: 'asset' });
    expect(body).toMatchObject({ name: null, normalBalance: 'debit', currencies: null, limits: [], metadata: {} });
  });

  it('keeps amounts of limits in minor units and the scale that they are in', async () => {
    const path = await created('yen:*', { currencies: null, limits: [{ currency: 'JPY', maximumAvailable: '5000' }] });
    expect(await app.sql('SELECT limits FROM account_templates WHERE id = $1', [path.slice(1)])).toEqual([
      { limits: [{ currency: 'JPY', minimum: null, maximum: '5000', creditLine: null, velocity: [] }] },
    ]);
    const adopted = `SELECT scale, custom FROM currencies WHERE tenant_id = $1 AND code = 'JPY'`;
    expect(await app.sql(adopted, [owner.tenantId])).toEqual([{ scale: 0, custom: false }]);
    // once there it is found
    await created('yen:*:*', { currencies: null, limits: [{ currency: 'JPY', minimumAvailable: '-1' }] });
  });

  it('API-10 is changed by one who saw it last', async () => {
    const path = await created('users:*:savings');
    await refused(() => ask('PATCH', path, { name: 'x' }), 428, 'precondition-required');
    await refused(() => ask('DELETE', path), 428, 'precondition-required');
    const change = { name: null, currencies: null, metadata: { kind: null, tier: 'gold' }, limits: [] };
    const changed = await ask('PATCH', path, change, ifMatch('"1"'));
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect(changed.body).toMatchObject({
      name: null,
      currencies: null,
      limits: [],
      pattern: 'users:*:savings',
      type: 'liability',
    });
    expect(changed.body.metadata).toEqual({ tier: 'gold' });
    expect((await ask('GET', path)).body).toEqual(changed.body);
    await refused(() => ask('PATCH', path, { name: 'x' }, ifMatch('"1"')), 412, 'precondition-failed');
    await refused(() => ask('DELETE', path, undefined, ifMatch('"1"')), 412, 'precondition-failed');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ask('PATCH', path, { name: 'y' }, ifMatch('"2"'))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 412)]);
  });

  it('has the normal balance of its type, unless another is given', async () => {
    const path = await created('contra:*', { normalBalance: 'debit' });
    const change = async (body: object) => {
      const { body: template } = await ask('PATCH', path, body, ifMatch('*'));
      return [template.type, template.normalBalance];
    };
    expect(await change({ name: 'x' })).toEqual(['liability', 'debit']);
    expect(await change({ type: 'revenue' })).toEqual(['revenue', 'credit']);
    expect(await change({ type: 'asset', normalBalance: 'credit' })).toEqual(['asset', 'credit']);
    expect(await change({ normalBalance: null })).toEqual(['asset', 'debit']);
  });

  it('API-11 is listed by pattern, both ways', async () => {
    const other = await createLedger(app, owner.token);
    const path = `${other.path}/account-templates`;
    for (const pattern of ['users:**', 'users:*', '*', 'users:*:wallet'])
      await app.request('POST', path, { token: owner.token, body: { ...WALLET, pattern } });
    const page = async (query: string) => (await app.request('GET', `${path}${query}`, { token: owner.token })).body;
    const patterns = ({ items }: { items: { pattern: string }[] }) => items.map(({ pattern }) => pattern);
    const first = await page('?limit=3');
    expect(patterns(first)).toEqual(['*', 'users:*', 'users:**']);
    expect(first.items[0].limits).toEqual([LIMITS]);
    const second = await page(`?limit=3&cursor=${first.next}`);
    expect([patterns(second), second.next]).toEqual([['users:*:wallet'], null]);
    expect(patterns(await page(`?limit=3&cursor=${second.previous}`))).toEqual(patterns(first));
  });
});

describe('an account template is refused', () => {
  const wallet = (change: object) => ({ ...WALLET, pattern: 'x', ...change });
  const CASES: [string, object, number, string, string][] = [
    ['a type that is none', { type: 'income' }, 400, 'validation-failed', '/type'],
    ['null for a type', { type: null }, 400, 'validation-failed', '/type'],
    ['a balance that is none', { normalBalance: 'both' }, 400, 'validation-failed', '/normalBalance'],
    ['an unknown field', { status: 'open' }, 400, 'validation-failed', '/status'],
    ['a currency twice', { currencies: ['EUR', 'EUR'] }, 400, 'validation-failed', '/currencies'],
    ['an unknown currency', { currencies: ['EUR', 'XYZ'] }, 422, 'unknown-currency', '/currencies/1'],
    ['metadata that is none', { metadata: [] }, 400, 'validation-failed', '/metadata'],
    ['limits that are none', { limits: {} }, 400, 'validation-failed', '/limits'],
    ['null for limits', { limits: null }, 400, 'validation-failed', '/limits'],
    [
      'an unknown field of a limit',
      { limits: [{ ...LIMITS, minimum: '0' }] },
      400,
      'validation-failed',
      '/limits/0/minimum',
    ],
    [
      'a number for a limit',
      { limits: [{ ...LIMITS, minimumAvailable: 0 }] },
      400,
      'validation-failed',
      '/limits/0/minimumAvailable',
    ],
    [
      'a limit in an unknown currency',
      { limits: [{ currency: 'XYZ' }] },
      422,
      'unknown-currency',
      '/limits/0/currency',
    ],
    [
      'a limit with too many decimals',
      { limits: [{ currency: 'CLP', maximumAvailable: '0.5' }] },
      422,
      'amount-precision',
      '/limits/0/maximumAvailable',
    ],
    [
      'a limit with too many digits',
      { limits: [{ currency: 'EUR', maximumAvailable: '9'.repeat(37) }] },
      422,
      'amount-out-of-range',
      '/limits/0/maximumAvailable',
    ],
    [
      'a credit line below nothing',
      { limits: [{ ...LIMITS, minimumAvailable: null }] },
      400,
      'validation-failed',
      '/limits/0/creditLine',
    ],
  ];
  it.each(CASES)('for %s', async (_what, change, status, code, pointer) => {
    await refused(() => ask('POST', '', wallet(change)), status, code, pointer);
    const { items } = (await ask('GET', '?limit=1')).body as { items: { id: string }[] };
    await refused(() => ask('PATCH', `/${items[0]?.id}`, change, ifMatch('*')), status, code, pointer);
  });

  it.each(['', 'users:', 'users:u*', '**:wallet', 'a::b', 'a/b', 'x'.repeat(256), null, 5])(
    'for the pattern %p',
    (pattern) => refused(() => ask('POST', '', { ...WALLET, pattern }), 400, 'validation-failed', '/pattern'),
  );

  it('for a pattern that is there, and one that changes', async () => {
    const path = await created('twice:*');
    await refused(() => ask('POST', '', { ...WALLET, pattern: 'twice:*' }), 409, 'conflict', '/pattern');
    await refused(() => ask('PATCH', path, { pattern: 'other:*' }, ifMatch('*')), 400, 'validation-failed', '/pattern');
  });

  it('when it is not there', async () => {
    for (const method of ['GET', 'PATCH', 'DELETE'])
      await refused(
        () => ask(method, `/${uuidv7()}`, method === 'PATCH' ? {} : undefined, ifMatch('*')),
        404,
        'account-template-not-found',
      );
  });

  it('TEN-04 to another tenant, as one that is not there; AUTH-29 to a viewer', async () => {
    const path = await created('theirs:*');
    const other = await app.createTenantWithOwner();
    const theirs = await createLedger(app, other.token);
    const second = await createLedger(app, owner.token);
    await refused(
      () => app.request('GET', `${second.path}/account-templates${path}`, { token: owner.token }),
      404,
      'account-template-not-found',
    );
    const viewer = await app.signIn('viewer', owner.tenantId);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const options = (token: string) => ({ ...ifMatch('*'), token });
      const body = method === 'PATCH' ? { name: 'mine' } : undefined;
      await refused(() => ask(method, path, body, options(other.token)), 404, 'account-template-not-found');
      const own = () =>
        app.request(method, `${theirs.path}/account-templates${path}`, { body, ...options(other.token) });
      await refused(own, 404, 'account-template-not-found');
      expect((await ask(method, path, body, options(viewer.token))).status).toBe(method === 'GET' ? 200 : 403);
    }
    await refused(() => ask('POST', '', wallet({}), { token: other.token }), 404, 'ledger-not-found');
    await refused(() => ask('GET', '', undefined, { token: other.token }), 404, 'ledger-not-found');
    await refused(() => ask('POST', '', wallet({}), { token: viewer.token }), 403, 'forbidden');
  });
});
