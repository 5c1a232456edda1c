import { createSign, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

interface Key {
  readonly id: string;
  readonly secret: string;
}
interface Token {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly error?: string;
}

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ISSUER = 'http://localhost:3000';

let app: TestApp;
/** A second process. */
let second: TestApp;
let owner: TestTenant;
let ledger: TestLedger;
let key: Key;

beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: '127.0.0.1' });
  second = await startTestApp({}, app);
  owner = await app.createTenantWithOwner();
  ledger = await createLedger(app, owner.token);
  key = await create();
});
afterAll(async () => {
  await second.close();
  await app.close();
});

async function create(body: object = {}, token = owner.token): Promise<Key> {
  const answer = await app.request('POST', '/v1/api-keys', {
    token,
    body: { name: 'A client', permissions: ['transactions:write', 'ledgers:read'], ...body },
  });
  expect(`${answer.status} ${answer.text}`).toMatch(/^201/);
  return answer.body as Key;
}

const form = async (
  path: string,
  fields: Record<string, string> | [string, string][],
  headers: Record<string, string> = {},
  of = app,
) => {
  const response = await fetch(of.url + path, { method: 'POST', body: new URLSearchParams(fields), headers });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text) as Token & Record<string, unknown>,
  };
};
const basic = ({ id, secret }: Key) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});
const GRANT = { grant_type: 'client_credentials' };
const tokenOf = async (of: Key, scope?: string): Promise<Token> => {
  const { status, body } = await form(
    '/oauth/token',
    { ...GRANT, ...(scope === undefined ? {} : { scope }) },
    basic(of),
  );
  expect(status).toBe(200);
  return body;
};
const statusOf = async (token: string, of = app) => (await of.request('GET', '/v1/ledgers', { token })).status;
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

describe('AUTH-22 client credentials', () => {
  it('give a short token by HTTP Basic or in the form, with its scopes; nothing may keep it', async () => {
    for (const answer of [
      await form('/oauth/token', GRANT, basic(key)),
      await form('/oauth/token', { ...GRANT, client_id: key.id, client_secret: key.secret }),
    ]) {
      expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('pragma')]).toEqual([
        200,
        'no-store',
        'no-cache',
      ]);
      expect(answer.body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 300,
        scope: 'ledgers:read transactions:write',
      });
      expect(claimsOf(answer.body.access_token)).toMatchObject({
        iss: ISSUER,
        aud: 'daybook',
        sub: key.id,
        client_id: key.id,
        tenant: owner.tenantId,
        scope: 'ledgers:read transactions:write',
      });
      expect(await statusOf(answer.body.access_token)).toBe(200);
    }
  });

  it('may be limited to some scopes; what is posted with it names the client', async () => {
    const reading = await tokenOf(key, 'ledgers:read');
    expect(reading.scope).toBe('ledgers:read');
    const post = (token: string) =>
      app.request('POST', `${ledger.path}/transactions`, { token, body: posting('1.00') });
    expect((await post(reading.access_token)).status).toBe(403);
    const posted = await post((await tokenOf(key)).access_token);
    expect([posted.status, (posted.body as { createdBy: string }).createdBy]).toEqual([201, key.id]);
    const me = await app.request('GET', '/v1/me', { token: reading.access_token });
    expect(me.body).toMatchObject({ kind: 'api-key', id: key.id, permissions: ['ledgers:read'] });
  });

  it.each([
    ['no client', GRANT, {}, 401, 'invalid_client'],
    ['a wrong secret', { ...GRANT, client_id: 'ID', client_secret: 'daybook_test_wrong' }, {}, 401, 'invalid_client'],
    [
      'another client’s secret',
      { ...GRANT, client_id: randomUUID(), client_secret: 'SECRET' },
      {},
      401,
      'invalid_client',
    ],
    [
      'a password grant',
      { grant_type: 'password', client_id: 'ID', client_secret: 'SECRET' },
      {},
      400,
      'unsupported_grant_type',
    ],
    ['no grant', { client_id: 'ID', client_secret: 'SECRET' }, {}, 400, 'invalid_request'],
    [
      'a scope beyond',
      { ...GRANT, client_id: 'ID', client_secret: 'SECRET', scope: 'members:write' },
      {},
      400,
      'invalid_scope',
    ],
    ['no scope at all', { ...GRANT, client_id: 'ID', client_secret: 'SECRET', scope: ' ' }, {}, 400, 'invalid_scope'],
    [
      'two ways at once',
      { ...GRANT, client_id: 'ID', client_secret: 'SECRET' },
      { authorization: 'Basic eDp5' },
      400,
      'invalid_request',
    ],
    ['broken Basic', GRANT, { authorization: 'Basic %%%' }, 401, 'invalid_client'],
  ])('refuse %s in the words of OAuth', async (_, fields, headers, status, error) => {
    const filled = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        value.replace(/^ID$/, key.id).replace(/^SECRET$/, key.secret),
      ]),
    );
    const answer = await form('/oauth/token', filled, headers);
    expect([answer.status, answer.body.error]).toEqual([status, error]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('www-authenticate')).toBe(
      status === 401 ? 'Basic realm="Daybook", charset="UTF-8"' : null,
    );
    expect(answer.text).not.toContain(key.secret);
  });

  it('refuse a field that is there twice, and forms are taken nowhere else', async () => {
    const twice = await form(
      '/oauth/token',
      [
        ['grant_type', 'client_credentials'],
        ['grant_type', 'password'],
      ],
      basic(key),
    );
    expect([twice.status, twice.body.error]).toEqual([400, 'invalid_request']);
    const json = await app.request('POST', '/oauth/token', { body: GRANT, headers: basic(key) });
    expect([json.status, (json.body as { error: string }).error]).toEqual([400, 'invalid_request']);
    expect((await form('/v1/auth/sign-in', { email: 'x', password: 'y' })).status).toBe(415);
  });

  it('end with the client: revoked, its tokens stop at once, on every process', async () => {
    const client = await create();
    const { access_token: token } = await tokenOf(client);
    expect([await statusOf(token), await statusOf(token, second)]).toEqual([200, 200]);
    await app.request('POST', `/v1/api-keys/${client.id}/revoke`, { token: owner.token });
    expect(await statusOf(token)).toBe(401);
    await until('the other process', async () => (await statusOf(token, second)) === 401, 1_000);
    expect((await form('/oauth/token', GRANT, basic(client))).status).toBe(401);
  });

  it('keep the limits of the client: ledgers, accounts and addresses', async () => {
    const other = await createLedger(app, owner.token);
    const client = await create({ ledgerIds: [ledger.id], accounts: ['cash'], allowedAddresses: ['203.0.113.0/24'] });
    const here = { 'x-forwarded-for': '203.0.113.9' };
    const refused = await form('/oauth/token', GRANT, { ...basic(client), 'x-forwarded-for': '198.51.100.1' });
    expect([refused.status, refused.body.code]).toEqual([403, 'address-not-allowed']);
    const { body } = await form('/oauth/token', GRANT, { ...basic(client), ...here });
    const codeOf = async (path: string, amount: object, headers = here) => {
      const answer = await app.request('POST', `${path}/transactions`, {
        token: body.access_token,
        body: amount,
        headers,
      });
      return (answer.body as { code: string }).code;
    };
    expect(await codeOf(other.path, posting('1.00'))).toBe('outside-grant');
    expect(await codeOf(ledger.path, posting('1.00'))).toBe('outside-grant');
    expect(await codeOf(ledger.path, posting('1.00'), { 'x-forwarded-for': '198.51.100.1' })).toBe(
      'address-not-allowed',
    );
  });
});

describe('AUTH-22 private_key_jwt', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'first' };
  let client: Key;
  beforeAll(async () => {
    client = await create({ publicKeys: [jwk] });
  });

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const assertion = (
    claims: object = {},
    { header = {}, signer = privateKey }: { header?: object; signer?: KeyObject } = {},
  ) => {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: client.id,
      sub: client.id,
      aud: ISSUER,
      exp: now + 60,
      iat: now,
      jti: randomUUID(),
      ...claims,
    };
    const signed = `${encode({ alg: 'ES256', kid: 'first', ...header })}.${encode(payload)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key: signer, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const ask = (text: string, fields = {}) =>
    form('/oauth/token', { ...GRANT, client_assertion_type: ASSERTION, client_assertion: text, ...fields });

  it('gives a token for an assertion that the client’s key signed; the client has no secret', async () => {
    expect(client.secret).toBeNull();
    const { status, body } = await ask(assertion());
    expect(status).toBe(200);
    expect(await statusOf(body.access_token)).toBe(200);
    expect((await ask(assertion({ aud: `${ISSUER}/oauth/token` }), { client_id: client.id })).status).toBe(200);
  });

  it('takes an RSA key by PS256, and by no other algorithm', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = await create({ publicKeys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa' }] });
    const make = (alg: string) => {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: other.id, sub: other.id, aud: ISSUER, exp: now + 60, jti: randomUUID() };
      const signed = `${encode({ alg, kid: 'rsa' })}.${encode(payload)}`;
      const signer = createSign('sha256').update(signed);
      const signature = signer.sign(
        alg === 'PS256' ? { key: rsa.privateKey, padding: 6, saltLength: 32 } : rsa.privateKey,
      );
      return `${signed}.${signature.toString('base64url')}`;
    };
    expect([(await ask(make('PS256'))).status, (await ask(make('RS256'))).status]).toEqual([200, 401]);
  });

  it('an assertion is good once: of twenty at once one succeeds', async () => {
    const text = assertion();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(text)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 19 }, () => 401)]);
  });

  it('refuses every other assertion with one answer', async () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const now = Math.floor(Date.now() / 1000);
    const wrong = [
      assertion({}, { signer: stranger }),
      assertion({}, { header: { kid: 'second' } }),
      assertion({}, { header: { alg: 'none' } }),
      assertion({}, { header: { alg: 'HS256' } }),
      assertion({ aud: 'https://other.example' }),
      assertion({ iss: key.id }),
      assertion({ sub: key.id }),
      assertion({ sub: randomUUID(), iss: randomUUID() }),
      assertion({ exp: now - 60 }),
      assertion({ exp: now + 3_600 }),
      assertion({ exp: undefined }),
      assertion({ jti: undefined }),
      assertion({ jti: '' }),
      assertion({ nbf: now + 600 }),
      'nonsense',
      'a.b.c',
    ];
    const answers = await Promise.all(wrong.map((text) => ask(text)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
    expect((await ask(assertion(), { client_id: key.id })).status).toBe(401);
    const type = await ask(assertion(), { client_assertion_type: 'other' });
    expect([type.status, type.body.error]).toEqual([400, 'invalid_request']);
  });

  it('is no bearer token, and no token is an assertion (AUTH-14)', async () => {
    expect(await statusOf(assertion())).toBe(401);
    const { access_token: token } = await tokenOf(key);
    expect((await ask(token)).status).toBe(401);
    expect((await ask(owner.token)).status).toBe(401);
  });

  it.each([
    ['a private key', { ...privateKey.export({ format: 'jwk' }), kid: 'x' }],
    ['a key without kid', publicKey.export({ format: 'jwk' })],
    [
      'another curve',
      { ...generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }), kid: 'x' },
    ],
    [
      'a short RSA key',
      { ...generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }), kid: 'x' },
    ],
    ['a shared secret', { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMko', kid: 'x' }],
    ['text', 'key'],
  ])('no client is made with %s', async (_, publicKeys) => {
    const body = { name: 'A client', permissions: ['ledgers:read'], publicKeys: [publicKeys] };
    expect((await app.request('POST', '/v1/api-keys', { token: owner.token, body })).status).toBe(400);
  });
});

describe('AUTH-22 the other endpoints', () => {
  it('RFC 8414 the metadata says what there is, and it is so', async () => {
    const { status, body } = await app.request('GET', '/.well-known/oauth-authorization-server');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/oauth/token`,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
    });
    const { scopes_supported: scopes } = body as { scopes_supported: string[] };
    expect(scopes).toContain('transactions:write');
    for (const scope of scopes) expect(scope).not.toMatch(/^platform:|^api-keys:write$/);
  });

  it('RFC 7009 a token that was revoked stops at once, on every process; the client goes on', async () => {
    const [token, kept] = [(await tokenOf(key)).access_token, (await tokenOf(key)).access_token];
    expect([await statusOf(token), await statusOf(token, second)]).toEqual([200, 200]);
    expect((await form('/oauth/revoke', { token }, basic(key))).status).toBe(200);
    expect([await statusOf(token), await statusOf(kept)]).toEqual([401, 200]);
    await until('the other process', async () => (await statusOf(token, second)) === 401, 1_000);
    // by nobody else, and nothing is learnt
    const other = await create();
    expect((await form('/oauth/revoke', { token: kept }, basic(other))).status).toBe(200);
    expect((await form('/oauth/revoke', { token: 'nonsense' }, basic(other))).status).toBe(200);
    expect((await form('/oauth/revoke', { token: kept })).status).toBe(401);
    expect(await statusOf(kept)).toBe(200);
  });

  it('RFC 7662 says of a token of the tenant what it is, and of others only that they are none', async () => {
    const { access_token: token } = await tokenOf(key, 'ledgers:read');
    const other = await create();
    const told = await form('/oauth/introspect', { token }, basic(other));
    expect(told.body).toMatchObject({
      active: true,
      client_id: key.id,
      sub: key.id,
      scope: 'ledgers:read',
      tenant: owner.tenantId,
    });
    const stranger = await app.createTenantWithOwner();
    const strangers = await create({ permissions: ['ledgers:read'] }, stranger.token);
    await form('/oauth/revoke', { token }, basic(key));
    for (const [asker, given] of [
      [other, token],
      [other, owner.token],
      [other, 'nonsense'],
      [strangers, (await tokenOf(key)).access_token],
    ] as const)
      expect((await form('/oauth/introspect', { token: given }, basic(asker))).body).toEqual({ active: false });
  });
});
