import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { KeyRing } from '../../src/modules/auth';
import { startTestApp, type TestApp, type TestPerson } from '../support/app';

type Parts = Record<string, unknown>;
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Parts;

/** AUTH-14: whatever is not exactly one of our access tokens is refused. Each one here is right but for one thing. */
describe('AUTH-14 a token', () => {
  let app: TestApp;
  let person: TestPerson;
  let key: KeyObject;
  let header: Parts;
  let claims: Parts;
  beforeAll(async () => {
    app = await startTestApp();
    person = await app.signIn();
    key = (await app.app.get(KeyRing).current()).privateKey;
    const [head, payload] = person.token.split('.');
    header = decode(head);
    claims = decode(payload);
  });
  afterAll(() => app.close());

  const es256 = (text: string, by = key) =>
    sign('sha256', Buffer.from(text), { key: by, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  /** Signed by the real key. */
  const forged = (headerChange: Parts, claimsChange: Parts = {}) => {
    const text = `${encode({ ...header, ...headerChange })}.${encode({ ...claims, ...claimsChange })}`;
    return `${text}.${es256(text)}`;
  };
  const statusOf = async (authorization: string) =>
    (await app.request('GET', '/v1/me', { headers: { authorization } })).status;
  const now = () => Math.floor(Date.now() / 1000);
  const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('that is made by the same hands is taken, so that the refusals below mean something', async () => {
    expect(await statusOf(`Bearer ${forged({})}`)).toBe(200);
    expect(await statusOf(`bearer ${forged({})}`)).toBe(200);
  });

  const unsigned = (head: Parts) => `${encode({ ...header, ...head })}.${encode(claims)}.`;
  const hmac = () => {
    const text = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
    return app
      .request('GET', '/.well-known/jwks.json')
      .then(({ body }) => (body.keys as Parts[]).find(({ kid }) => kid === header.kid))
      .then((jwk) => `${text}.${createHmac('sha256', JSON.stringify(jwk)).update(text).digest('base64url')}`);
  };
  const bySomebodyElse = (head: Parts = {}) => {
    const text = `${encode({ ...header, ...head })}.${encode(claims)}`;
    return `${text}.${es256(text, foreignKey.privateKey)}`;
  };
  const altered = (token: string, at: number) => {
    const position = at < 0 ? token.length + at : at;
    return token.slice(0, position) + (token[position] === 'A' ? 'B' : 'A') + token.slice(position + 1);
  };

  const BAD: [string, () => string | Promise<string>][] = [
    ['alg none', () => unsigned({ alg: 'none' })],
    ['alg None', () => unsigned({ alg: 'None' })],
    ['no signature', () => unsigned({})],
    ['alg none with a signature', () => forged({ alg: 'none' })],
    ['HS256 with the public key as secret', hmac],
    ['alg ES384', () => forged({ alg: 'ES384' })],
    ['alg RS256', () => forged({ alg: 'RS256' })],
    ['an alg that is a list', () => forged({ alg: ['ES256'] })],
    ['typ JWT', () => forged({ typ: 'JWT' })],
    ['typ refresh', () => forged({ typ: 'refresh+jwt' })],
    ['no typ', () => forged({ typ: undefined })],
    ['crit', () => forged({ crit: ['exp'] })],
    ['an empty crit', () => forged({ crit: [] })],
    ['jku', () => forged({ jku: 'https://attacker.example/jwks.json' })],
    ['x5u', () => forged({ x5u: 'https://attacker.example/cert.pem' })],
    ['x5c', () => forged({ x5c: ['MII'] })],
    ['jwk of another key', () => bySomebodyElse({ jwk: foreignKey.publicKey.export({ format: 'jwk' }) })],
    ['b64 false', () => forged({ b64: false })],
    ['an unknown kid', () => forged({ kid: 'A'.repeat(43) })],
    ['a kid that is a path', () => forged({ kid: '../../../../dev/null' })],
    ['a kid that is SQL', () => forged({ kid: `' OR '1'='1` })],
    ['a kid of a prototype', () => forged({ kid: '__proto__' })],
    ['no kid', () => forged({ kid: undefined })],
    ['a kid that is a number', () => forged({ kid: 1 })],
    ['the signature of another key', () => bySomebodyElse()],
    ['expired', () => forged({}, { iat: now() - 600, exp: now() - 61 })],
    ['no exp', () => forged({}, { exp: undefined })],
    ['an exp that is text', () => forged({}, { exp: String(now() + 300) })],
    ['not yet valid', () => forged({}, { nbf: now() + 120 })],
    ['no iat', () => forged({}, { iat: undefined })],
    ['another issuer', () => forged({}, { iss: 'https://attacker.example' })],
    ['no issuer', () => forged({}, { iss: undefined })],
    ['another audience', () => forged({}, { aud: 'other' })],
    ['no audience', () => forged({}, { aud: undefined })],
    ['another person’s session', () => forged({}, { sub: randomUUID() })],
    ['a session that does not exist', () => forged({}, { sid: randomUUID() })],
    ['no session', () => forged({}, { sid: undefined })],
    ['no jti', () => forged({}, { jti: undefined })],
    ['a sub that is no id', () => forged({}, { sub: { $ne: null } })],
    ['a tenant that is no id', () => forged({}, { tenant: '*' })],
    [
      'claims that are a list',
      () => {
        const text = `${encode(header)}.${encode([claims])}`;
        return `${text}.${es256(text)}`;
      },
    ],
    [
      'claims that are no JSON',
      () => {
        const text = `${encode(header)}.${encode('hello')}`;
        return `${text}.${es256(text)}`;
      },
    ],
    ['a header that is no JSON', () => `${encode('hello')}.${encode(claims)}.${es256('x')}`],
    ['an altered signature', () => altered(person.token, person.token.lastIndexOf('.') + 10)],
    ['an altered header', () => altered(person.token, 5)],
    ['altered claims', () => altered(person.token, person.token.indexOf('.') + 20)],
    ['a fourth part', () => `${person.token}.x`],
    ['two parts', () => person.token.split('.').slice(0, 2).join('.')],
    ['padding', () => `${person.token}==`],
    ['whitespace inside', () => person.token.replace('.', '. ')],
    ['two tokens', () => `${person.token} ${person.token}`],
    ['a comma after it', () => `${person.token},`],
    ['nothing', () => ''],
    ['very long', () => `${'a'.repeat(5000)}.b.c`],
  ];
  it.each(BAD)('is refused: %s', async (_, make) => {
    expect(await statusOf(`Bearer ${await make()}`)).toBe(401);
  });

  it.each([
    ['two spaces', (token: string) => `Bearer  ${token}`],
    ['a tab', (token: string) => `Bearer\t${token}`],
    ['no scheme', (token: string) => token],
    ['another scheme', (token: string) => `Basic ${token}`],
    ['quotes', (token: string) => `Bearer "${token}"`],
  ])('is refused in an Authorization header with %s', async (_, make) => {
    expect(await statusOf(make(person.token))).toBe(401);
  });

  it('is not read from the address or the body', async () => {
    const inQuery = await app.request('GET', `/v1/me?access_token=${person.token}&token=${person.token}`);
    expect([400, 401]).toContain(inQuery.status);
    const inBody = await app.request('POST', '/v1/auth/sign-out', { body: { access_token: person.token } });
    expect(inBody.status).toBe(401);
  });

  it('TEN-12 is remembered as a whole: one that differs in the signature alone is refused after the right one', async () => {
    expect(await statusOf(`Bearer ${person.token}`)).toBe(200);
    expect(await statusOf(`Bearer ${altered(person.token, -10)}`)).toBe(401);
    expect(await statusOf(`Bearer ${forged({}, { sub: randomUUID() })}`)).toBe(401);
    expect(await statusOf(`Bearer ${person.token}`)).toBe(200);
  });
});
