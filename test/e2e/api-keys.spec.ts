import { ApiKeyUses } from '../../src/modules/api-keys/api-key-uses';
import { newApiKeyToken } from '../../src/modules/api-keys/api-key-token';
import { startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, fingerprintOfTables, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

interface Key {
  readonly id: string;
  readonly secret: string;
  readonly secrets: { readonly prefix: string; readonly expiresAt: string | null }[];
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly lastUsedFrom: string | null;
}
interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly errors?: { readonly pointer: string }[];
}

let app: TestApp;
/** A second process. */
let second: TestApp;
let owner: TestTenant;
let ledger: TestLedger;
let otherLedger: TestLedger;

const POSTING = ['transactions:write', 'transactions:read', 'ledgers:read', 'accounts:write'];

beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: '127.0.0.1' });
  second = await startTestApp({ TRUST_PROXY: '127.0.0.1' }, app);
  owner = await app.createTenantWithOwner();
  const accounts = {
    'users:ada': 'liability',
    'users:bob': 'liability',
    'users:ada:saved': 'liability',
    bank: 'asset',
  };
  ledger = await createLedger(app, owner.token, 'One', accounts);
  otherLedger = await createLedger(app, owner.token, 'Other', accounts);
  await app.request('POST', `${ledger.path}/transactions`, {
    token: owner.token,
    body: posting('100.00', { debit: 'bank', credit: 'users:ada' }),
  });
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await second.close();
  await app.close();
});

const ask = (body: object, { token = owner.token, key = '' } = {}): Promise<TestAnswer> =>
  app.request('POST', '/v1/api-keys', {
    token,
    body: { name: 'A server', permissions: POSTING, ...body },
    headers: key === '' ? {} : { 'idempotency-key': key },
  });
const create = async (body: object = {}): Promise<Key> => {
  const { status, body: key, text } = await ask(body);
  expect(`${status} ${text}`).toMatch(/^201/);
  return key as Key;
};
const on = (id: string, verb: string, body?: object, token = owner.token) =>
  app.request('POST', `/v1/api-keys/${id}/${verb}`, { token, ...(body ? { body } : {}) });
const rotate = async (id: string, overlapHours?: number): Promise<Key> => {
  const { status, body } = await on(id, 'rotate', overlapHours === undefined ? {} : { overlapHours });
  expect(status).toBe(201);
  return body as Key;
};
const statusOf = async (secret: string, path = '/v1/ledgers', of = app) =>
  (await of.request('GET', path, { token: secret })).status;
const refusalOf = ({ status, body }: TestAnswer) => [status, (body as Refusal).code];
const post = (secret: string, body: unknown, path = `${ledger.path}/transactions`, headers = {}) =>
  app.request('POST', path, { token: secret, body, headers });

describe('AUTH-21 an API key', () => {
  it('is shown once, and kept nowhere: not in the database, not in the log, not for a retry', async () => {
    const first = await ask({}, { key: 'make-me-one' });
    expect(first.status).toBe(201);
    const { id, secret } = first.body as Key;
    expect(secret).toMatch(/^daybook_test_[0-9A-Za-z]{16}_[0-9A-Za-z]{39}$/);
    expect(first.headers.get('location')).toBe(`/v1/api-keys/${id}`);
    const again = await ask({}, { key: 'make-me-one' });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual({ ...(first.body as object), secret: null });
    expect(await statusOf(secret)).toBe(200);
    const hidden = secret.slice(-39);
    const read = await app.request('GET', `/v1/api-keys/${id}`, { token: owner.token });
    expect((read.body as Key).secrets[0]?.prefix).toBe(secret.slice(0, -40));
    const list = await app.request('GET', '/v1/api-keys', { token: owner.token });
    for (const text of [read.text, list.text, ...app.logs.lines]) expect(text).not.toContain(hidden);
    const tables = await app.sql<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`,
    );
    for (const { name } of tables) {
      const [found] = await app.sql(`SELECT 1 FROM ${name} t WHERE t::text LIKE '%' || $1 || '%' LIMIT 1`, [hidden]);
      expect(found && name).toBeUndefined();
    }
  });

  it('does what it may, and nothing else; and says what that is', async () => {
    const { id, secret } = await create({ permissions: ['ledgers:read', 'transactions:read'] });
    expect(await statusOf(secret)).toBe(200);
    expect(refusalOf(await post(secret, posting('1.00', { debit: 'bank', credit: 'users:ada' })))).toEqual([
      403,
      'forbidden',
    ]);
    expect(await statusOf(secret, '/v1/members')).toBe(403);
    expect(await statusOf(secret, '/v1/tenants')).toBe(403);
    expect((await app.request('GET', '/v1/me', { token: secret })).body).toMatchObject({
      kind: 'api-key',
      id,
      user: null,
      role: null,
      tenant: { id: owner.tenantId },
      permissions: ['ledgers:read', 'transactions:read'],
      ledgerIds: null,
      accounts: null,
    });
  });

  it('is no person: it signs nobody out, changes no password and makes no keys, whatever it may', async () => {
    const { secret, id } = await create();
    const asKey = (method: string, path: string, body: object) => app.request(method, path, { token: secret, body });
    expect((await asKey('POST', '/v1/auth/sign-out', {})).status).toBe(403);
    expect(
      (await asKey('POST', '/v1/me/password', { currentPassword: owner.password, newPassword: 'x'.repeat(20) })).status,
    ).toBe(403);
    expect((await ask({}, { token: secret })).status).toBe(403);
    expect((await on(id, 'rotate', {}, secret)).status).toBe(403);
    // nor is its text good where another kind of credential is asked for
    expect(refusalOf(await app.request('POST', '/v1/auth/refresh', { body: { refreshToken: secret } }))).toEqual([
      401,
      'invalid-refresh-token',
    ]);
    const { status, body } = await ask({ permissions: ['api-keys:write', 'ledgers:read'] });
    expect([status, (body as Refusal).code, (body as Refusal).errors?.map(({ pointer }) => pointer)]).toEqual([
      403,
      'permission-not-yours',
      ['/permissions/0'],
    ]);
  });

  it('gets no more than its maker has, who takes nobody else’s place', async () => {
    const admin = await app.signIn('admin', owner.tenantId);
    const viewer = await app.signIn('viewer', owner.tenantId);
    const before = await fingerprintOfTables(app, ['api_keys', 'api_key_secrets']);
    for (const permission of ['platform:tenants', 'nothing:ever'])
      expect(refusalOf(await ask({ permissions: [permission] }, { token: admin.token }))).toEqual([
        403,
        'permission-not-yours',
      ]);
    expect(refusalOf(await ask({}, { token: viewer.token }))).toEqual([403, 'forbidden']);
    // CVE-2025-61928
    for (const more of [{ userId: owner.userId }, { tenantId: owner.tenantId }, { createdBy: owner.userId }])
      expect(refusalOf(await ask(more, { token: admin.token }))).toEqual([400, 'validation-failed']);
    expect((await app.request('POST', '/v1/api-keys', { body: { name: 'x', permissions: POSTING } })).status).toBe(401);
    expect(await fingerprintOfTables(app, ['api_keys', 'api_key_secrets'])).toEqual(before);
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(101) }],
    ['permissions', { permissions: [] }],
    ['permissions', { permissions: ['ledgers:read', 'ledgers:read'] }],
    ['permissions', { permissions: 'ledgers:read' }],
    ['ledgerIds', { ledgerIds: [] }],
    ['ledgerIds', { ledgerIds: ['main'] }],
    ['accounts', { accounts: ['users:**:x'] }],
    ['allowedAddresses', { allowedAddresses: ['10.0.0.0/33'] }],
    ['allowedAddresses', { allowedAddresses: [] }],
    ['quota', { quota: 0 }],
    ['quota', { quota: 1.5 }],
    ['expiresAt', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['expiresAt', { expiresAt: '2999-01-01T00:00:00Z' }],
    ['expiresAt', { expiresAt: null }],
    ['secret', { secret: 'mine' }],
  ])('is not made with a wrong %s', async (field, body) => {
    const before = await fingerprintOfTables(app, ['api_keys', 'api_key_secrets']);
    const answer = await ask(body);
    expect(answer.status).toBe(400);
    expect((answer.body as Refusal).errors?.[0]?.pointer).toMatch(new RegExp(`^/${field}`));
    expect(await fingerprintOfTables(app, ['api_keys', 'api_key_secrets'])).toEqual(before);
  });

  it('AUTH-18 is made only by somebody who has just signed in; others get the challenge of RFC 9470', async () => {
    const { token, userId } = await app.signIn('admin', owner.tenantId);
    await app.sql(`UPDATE sessions SET created_at = created_at - interval '301 seconds' WHERE user_id = $1`, [userId]);
    const answer = await ask({}, { token });
    expect(refusalOf(answer)).toEqual([401, 'insufficient-user-authentication']);
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer error="insufficient_user_authentication".*max_age=300$/,
    );
    // what gives nobody anything is open as before
    expect(await statusOf(token, '/v1/api-keys')).toBe(200);
    for (const verb of ['rotate', 'revoke'])
      expect((await on((await create()).id, verb, verb === 'rotate' ? {} : undefined, token)).status).toBe(401);
  });

  it('posts, and what it posted names it; keys of two keys are two', async () => {
    const [one, two] = [await create(), await create()];
    const body = posting('1.00', { debit: 'bank', credit: 'users:bob' });
    const path = `${ledger.path}/transactions`;
    const first = await post(one.secret, body, path, { 'idempotency-key': 'the same' });
    expect([first.status, (first.body as { createdBy: string }).createdBy]).toEqual([201, one.id]);
    const again = await post(one.secret, body, path, { 'idempotency-key': 'the same' });
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    const other = await post(two.secret, body, path, { 'idempotency-key': 'the same' });
    expect([other.status, other.headers.get('idempotent-replayed')]).toEqual([201, null]);
    // a new secret is the same key: what was under way goes on
    const { secret } = await rotate(one.id);
    const third = await post(secret, body, path, { 'idempotency-key': 'the same' });
    expect([third.headers.get('idempotent-replayed'), third.text]).toEqual(['true', first.text]);
  });
});

describe('AUTH-21 the end of an API key', () => {
  it('after a rotation the one before goes on for a while, and those before it stop', async () => {
    const first = await create();
    const next = await rotate(first.id);
    expect(next.secrets.map(({ expiresAt }) => expiresAt === null)).toEqual([true, false]);
    expect([await statusOf(first.secret), await statusOf(next.secret)]).toEqual([200, 200]);
    const last = await rotate(first.id);
    expect(await Promise.all([first, next, last].map(({ secret }) => statusOf(secret)))).toEqual([401, 200, 200]);
    const now = await rotate(first.id, 0);
    expect(await Promise.all([next, last, now].map(({ secret }) => statusOf(secret)))).toEqual([401, 401, 200]);
  });

  it('twenty rotations at once leave one secret and the one before', async () => {
    const { id } = await create();
    const rotated = await Promise.all(Array.from({ length: 20 }, () => rotate(id)));
    const works = await Promise.all(rotated.map(({ secret }) => statusOf(secret)));
    expect(works.filter((status) => status === 200)).toHaveLength(2);
  });

  it('AUTH-16 revoked, it stops at once, on every process, for every route, and for good', async () => {
    const { id, secret } = await create();
    expect([await statusOf(secret), await statusOf(secret, '/v1/ledgers', second)]).toEqual([200, 200]);
    const answer = await on(id, 'revoke');
    expect([answer.status, typeof (answer.body as Key).revokedAt]).toEqual([200, 'string']);
    const asked = performance.now();
    expect([await statusOf(secret), await statusOf(secret, '/v1/me')]).toEqual([401, 401]);
    await until('the other process', async () => (await statusOf(secret, '/v1/ledgers', second)) === 401, 1_000);
    expect(performance.now() - asked).toBeLessThan(1_000);
    expect((await on(id, 'revoke')).status).toBe(200);
    expect(refusalOf(await on(id, 'rotate', {}))).toEqual([409, 'api-key-revoked']);
    const path = `/v1/api-keys/${id}`;
    const change = { token: owner.token, headers: { 'if-match': '*' }, body: { name: 'Again' } };
    expect(refusalOf(await app.request('PATCH', path, change))).toEqual([409, 'api-key-revoked']);
    expect((await app.request('GET', path, { token: owner.token })).status).toBe(200);
  });

  it('it expires on its moment, also where it was used just before', async () => {
    const { secret } = await create({ expiresAt: new Date(Date.now() + 1_500).toISOString() });
    expect(await statusOf(secret)).toBe(200);
    await until('its end', async () => (await statusOf(secret)) === 401, 4_000);
    const { expiresAt } = await create();
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / 86_400_000)).toBe(90);
  });

  it('with its tenant suspended it is refused, and with a tenant header of another', async () => {
    const tenant = await app.createTenantWithOwner();
    const { secret } = (await ask({}, { token: tenant.token })).body as Key;
    const asking = (id: string) => app.request('GET', '/v1/ledgers', { token: secret, headers: { 'x-tenant-id': id } });
    expect((await asking(tenant.tenantId)).status).toBe(200);
    expect(refusalOf(await asking(owner.tenantId))).toEqual([403, 'tenant-required']);
    const admin = await app.signInPlatformAdmin();
    const suspended = await app.request('PATCH', `/v1/tenants/${tenant.tenantId}`, {
      token: admin.token,
      headers: { 'if-match': '*' },
      body: { status: 'suspended' },
    });
    expect(suspended.status).toBe(200);
    expect(refusalOf(await app.request('GET', '/v1/ledgers', { token: secret }))).toEqual([403, 'tenant-suspended']);
    await until('the other process', async () => (await statusOf(secret, '/v1/ledgers', second)) === 403, 1_000);
  });

  it('AUTH-05 unknown, of another secret, cut, or of another environment: the same answer', async () => {
    const { secret } = await create();
    const wrong = [
      newApiKeyToken('test').token,
      newApiKeyToken('live').token,
      secret.slice(0, -1),
      `${secret}x`,
      'daybook_test_',
      `${secret.slice(0, 30)}${newApiKeyToken('test').token.slice(30)}`,
    ];
    const answers = await Promise.all(wrong.map((token) => app.request('GET', '/v1/ledgers', { token })));
    const plain = answers.map(({ status, text, headers }) => [
      status,
      text.replace(/"traceId":"\w+"/, ''),
      headers.get('www-authenticate'),
    ]);
    expect(new Set(plain.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(plain[0]?.[0]).toBe(401);
  });
});

describe('AUTH-21 the limits of an API key', () => {
  it('to ledgers: other ledgers and what has none are closed', async () => {
    const { secret } = await create({
      ledgerIds: [ledger.id.toUpperCase()],
      permissions: [...POSTING, 'members:read'],
    });
    const body = posting('1.00', { debit: 'bank', credit: 'users:ada' });
    expect((await post(secret, body)).status).toBe(201);
    expect(await statusOf(secret, `${ledger.path}/accounts`)).toBe(200);
    expect(refusalOf(await post(secret, body, `${otherLedger.path}/transactions`))).toEqual([403, 'outside-grant']);
    for (const path of [`${otherLedger.path}/accounts`, '/v1/ledgers', '/v1/members'])
      expect(refusalOf(await app.request('GET', path, { token: secret }))).toEqual([403, 'outside-grant']);
    expect((await app.request('GET', '/v1/me', { token: secret })).body).toMatchObject({ ledgerIds: [ledger.id] });
  });

  it('to accounts: it moves no others, in no way, and learns nothing of them', async () => {
    const { secret } = await create({ accounts: ['users:*'] });
    const path = `${ledger.path}/transactions`;
    const own = posting('1.00', { debit: 'users:ada', credit: 'users:bob' });
    expect((await post(secret, own)).status).toBe(201);
    const limits = [{ currency: 'EUR', minimumAvailable: '0.00' }];
    const poor = { code: 'poor', type: 'asset', limits };
    await app.request('POST', `${ledger.path}/accounts`, { token: owner.token, body: poor });
    const before = await fingerprintOfTables(app);
    for (const account of ['bank', 'users:ada:saved', 'poor', ledger.accounts.get('bank') ?? '', 'users'])
      for (const entries of [
        { debit: 'users:ada', credit: account },
        { debit: account, credit: 'users:ada' },
      ]) {
        const answer = await post(secret, posting('99999.00', entries));
        expect(refusalOf(answer)).toEqual([403, 'outside-grant']);
        expect((answer.body as Refusal).errors).toEqual([
          { pointer: expect.stringMatching(/^\/entries\/[01]\/account$/), detail: expect.any(String) },
        ]);
      }
    // the same in bulk, alone and together with what is allowed
    const bulk = (atomic: boolean) =>
      post(secret, { atomic, items: [own, posting('1.00', { debit: 'bank', credit: 'users:ada' })] }, `${path}/bulk`);
    const together = (await bulk(true)).body as { code: string; errors: { pointer: string; code: string }[] };
    expect([together.code, together.errors.map(({ pointer, code }) => [pointer.split('/')[2], code])]).toEqual([
      'bulk-refused',
      [['1', 'outside-grant']],
    ]);
    expect(await fingerprintOfTables(app)).toEqual(before);
    const apart = (await bulk(false)).body as { results: { status: number }[] };
    expect(apart.results.map(({ status }) => status)).toEqual([201, 403]);
  });

  it('to accounts: captures, voids and reversals of what moved others are refused; its own go', async () => {
    const { secret } = await create({ accounts: ['users:*'] });
    const path = `${ledger.path}/transactions`;
    const make = async (token: string, body: object) => {
      const answer = await app.request('POST', path, { token, body });
      expect(answer.status).toBe(201);
      return (answer.body as { id: string }).id;
    };
    const others = { ...posting('1.00', { debit: 'bank', credit: 'users:ada' }) };
    const [hold, posted] = [await make(owner.token, { ...others, status: 'pending' }), await make(owner.token, others)];
    for (const [id, verb] of [
      [hold, 'capture'],
      [hold, 'void'],
      [posted, 'reverse'],
    ] as const)
      expect(refusalOf(await post(secret, {}, `${path}/${id}/${verb}`))).toEqual([403, 'outside-grant']);
    expect(refusalOf(await app.request('GET', `${path}/${posted}`, { token: secret }))).toEqual([
      404,
      'transaction-not-found',
    ]);
    const own = posting('1.00', { debit: 'users:ada', credit: 'users:bob' });
    const ownHold = await make(secret, { ...own, status: 'pending' });
    expect((await post(secret, {}, `${path}/${ownHold}/capture`)).status).toBe(201);
    const ownPosted = await make(secret, own);
    expect((await post(secret, {}, `${path}/${ownPosted}/reverse`)).status).toBe(201);
    expect(await statusOf(secret, `${path}/${ownPosted}`)).toBe(200);
  });

  it('to accounts: it reads those, and no lists and sums with others in them', async () => {
    const { secret } = await create({ accounts: ['users:*'] });
    const { path, accounts } = ledger;
    for (const rest of ['users:ada', `${accounts.get('users:ada')}`])
      for (const part of ['', '/balances', '/entries'])
        expect(await statusOf(secret, `${path}/accounts/${rest}${part}`)).toBe(200);
    for (const rest of ['bank', `${accounts.get('bank')}`, 'users:ada:saved'])
      for (const part of ['', '/balances', '/entries'])
        expect(refusalOf(await app.request('GET', `${path}/accounts/${rest}${part}`, { token: secret }))).toEqual([
          404,
          'account-not-found',
        ]);
    for (const rest of [
      '/accounts',
      '/transactions',
      '/trial-balance',
      '/balances',
      '/accounts/users:ada/balances?rollup=true',
    ])
      expect(refusalOf(await app.request('GET', path + rest, { token: secret }))).toEqual([403, 'outside-grant']);
  });

  it('to addresses: from elsewhere it is refused, also where it was let in before', async () => {
    const { id, secret } = await create({ allowedAddresses: ['203.0.113.0/24', '2001:db8::/32'] });
    const from = async (address: string) =>
      refusalOf(await app.request('GET', '/v1/ledgers', { token: secret, headers: { 'x-forwarded-for': address } }));
    expect((await from('203.0.113.9'))[0]).toBe(200);
    expect((await from('2001:db8::9'))[0]).toBe(200);
    expect(await from('203.0.114.9')).toEqual([403, 'address-not-allowed']);
    const { headers } = await app.request('GET', `/v1/api-keys/${id}`, { token: owner.token });
    const changed = await app.request('PATCH', `/v1/api-keys/${id}`, {
      token: owner.token,
      headers: { 'if-match': headers.get('etag') ?? '' },
      body: { allowedAddresses: ['203.0.114.9'], name: 'Moved' },
    });
    expect([changed.status, (changed.body as { name: string }).name]).toEqual([200, 'Moved']);
    expect(await from('203.0.113.9')).toEqual([403, 'address-not-allowed']);
    expect((await from('203.0.114.9'))[0]).toBe(200);
  });

  it('its last use is noted, with the address', async () => {
    const { id, secret } = await create();
    await app.request('GET', '/v1/ledgers', { token: secret, headers: { 'x-forwarded-for': '198.51.100.7' } });
    await app.app.get(ApiKeyUses).flush();
    const { body } = await app.request('GET', `/v1/api-keys/${id}`, { token: owner.token });
    expect((body as Key).lastUsedFrom).toBe('198.51.100.7');
    expect(Math.abs(Date.now() - Date.parse((body as Key).lastUsedAt ?? ''))).toBeLessThan(30_000);
  });
});

describe('API-09 quotas of API keys', () => {
  let limited: TestApp;
  beforeAll(async () => {
    limited = await startTestApp(
      { THROTTLE_LIMIT: '2', THROTTLE_KEY_LIMIT: '5', THROTTLE_TENANT_LIMIT: '9', REDIS_PREFIX: 'quotas' },
      app,
    );
  });
  afterAll(() => limited.close());

  it('are their own, or those of keys, under the ceiling of the tenant', async () => {
    const tenant = await app.createTenantWithOwner();
    const make = async (body: object) => ((await ask(body, { token: tenant.token })).body as Key).secret;
    const [plain, own] = [await make({}), await make({ quota: 3 })];
    const read = (token: string) => limited.request('GET', '/v1/ledgers', { token });
    const [first] = [await read(own)];
    expect(first.headers.get('ratelimit-policy')).toBe('"default";q=3;w=60, "tenant";q=9;w=60');
    expect([(await read(own)).status, (await read(own)).status, (await read(own)).status]).toEqual([200, 200, 429]);
    for (let used = 0; used < 5; used += 1) expect((await read(plain)).status).toBe(200);
    const over = await read(plain);
    expect([over.status, (over.body as { 'violated-policies': string[] })['violated-policies']]).toEqual([
      429,
      ['default'],
    ]);
    // nine and more have been asked for by the tenant
    const ceiling = await read(tenant.token);
    expect([ceiling.status, (ceiling.body as { 'violated-policies': string[] })['violated-policies']]).toEqual([
      429,
      ['tenant'],
    ]);
    expect(ceiling.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});
