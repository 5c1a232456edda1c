import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import { Client } from 'pg';
import { KeyRing } from '../../src/modules/auth';
import { startTestApp, TEST_PASSWORD, type TestAnswer, type TestApp } from '../support/app';
import { eventually } from '../support/eventually';

const decode = (part: string | undefined) =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Record<string, unknown>;
const headerOf = (token: string) => decode(token.split('.')[0]);
const claimsOf = (token: string) => decode(token.split('.')[1]);
/** What two answers could be told apart by, without what differs in every answer and what counts the attempts. */
const seen = ({ status, headers, body }: TestAnswer) => ({
  status,
  headers: Object.fromEntries([...headers].filter(([name]) => !['date', 'traceparent', 'ratelimit'].includes(name))),
  body: { ...(body as object), traceId: undefined },
});

describe('authentication', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ REFRESH_TOKEN_AGAIN_SECONDS: '0' });
  });
  afterAll(() => app.close());

  const signIn = (email: string, password: string, more: object = {}) =>
    app.request('POST', '/v1/auth/sign-in', { body: { email, password, ...more } });
  const refresh = (refreshToken: string) => app.request('POST', '/v1/auth/refresh', { body: { refreshToken } });
  const me = (token: string, headers: Record<string, string> = {}) => app.request('GET', '/v1/me', { token, headers });

  async function asAdmin(sql: string): Promise<unknown[]> {
    const client = new Client({ connectionString: app.database.adminUrl });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  describe('sign-in', () => {
    it('tells who is signed in, where, and what they may do there', async () => {
      const person = await app.signIn('accountant');
      const { status, body } = await me(person.token);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        user: { id: person.userId, email: person.email, platformAdmin: false },
        tenant: { id: person.tenantId, status: 'active' },
        role: 'accountant',
        memberships: [{ role: 'accountant', tenant: { id: person.tenantId } }],
      });
      expect(body.permissions).toContain('transactions:write');
      expect(body.permissions).not.toContain('members:write');
    });

    it('takes an e-mail address in any case', async () => {
      const { email, tenantId } = await app.signIn();
      const { status, body } = await signIn(` ${email.toUpperCase()}`, TEST_PASSWORD);
      expect(status).toBe(200);
      expect(body).toMatchObject({ tokenType: 'Bearer', expiresIn: 300, tenant: { id: tenantId } });
    });

    it('AUTH-05 answers an unknown person, a wrong password and a disabled person alike', async () => {
      const { email } = await app.signIn();
      const disabled = await app.signIn();
      await app.sql(`UPDATE users SET status = 'disabled' WHERE id = $1`, [disabled.userId]);
      const answers = [
        await signIn('nobody@test.example', TEST_PASSWORD),
        await signIn(email, `${TEST_PASSWORD}!`),
        await signIn(disabled.email, TEST_PASSWORD),
        await signIn(disabled.email, 'wrong'),
      ].map(seen);
      expect(answers[0]).toMatchObject({ status: 401, body: { code: 'invalid-credentials' } });
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    });

    it('AUTH-05 hashes for an unknown person, too', async () => {
      const { email } = await app.signIn();
      const timed = async (address: string) => {
        const start = performance.now();
        await signIn(address, 'wrong');
        return performance.now() - start;
      };
      const pairs = [];
      for (let round = 0; round < 5; round += 1)
        pairs.push({ unknown: await timed('nobody@test.example'), known: await timed(email) });
      // without a hash it would be a twentieth
      expect(Math.max(...pairs.map(({ unknown, known }) => unknown / known))).toBeGreaterThan(0.5);
    });

    it('AUTH-04 hashes again when the parameters have risen', async () => {
      const person = await app.signIn();
      const old = await hash(TEST_PASSWORD, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
      await app.sql('UPDATE users SET password_hash = $2 WHERE id = $1', [person.userId, old]);
      expect((await signIn(person.email, TEST_PASSWORD)).status).toBe(200);
      const [row] = await app.sql<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [
        person.userId,
      ]);
      expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
      expect((await signIn(person.email, TEST_PASSWORD)).status).toBe(200);
    });

    it('TEN-04 refuses a foreign tenant and one that does not exist alike', async () => {
      const { email } = await app.signIn();
      const other = await app.createTenantWithOwner();
      const foreign = await signIn(email, TEST_PASSWORD, { tenantId: other.tenantId });
      const unknown = await signIn(email, TEST_PASSWORD, { tenantId: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00' });
      expect(foreign).toMatchObject({ status: 403, body: { code: 'tenant-required' } });
      expect(seen(foreign)).toEqual(seen(unknown));
    });

    it('refuses a body with a field that it does not know', async () => {
      const { status, body } = await signIn('a@test.example', 'x', { platformAdmin: true });
      expect(status).toBe(400);
      expect(body.errors[0].pointer).toBe('/platformAdmin');
    });
  });

  describe('access tokens', () => {
    it('AUTH-13 are short-lived, typed, signed by a published key, and carry ids only', async () => {
      const { token, userId, tenantId } = await app.signIn();
      const { kid, ...header } = headerOf(token);
      expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt' });
      const claims = claimsOf(token);
      expect(claims).toMatchObject({
        iss: 'http://localhost:3000',
        aud: 'daybook',
        sub: userId,
        tenant: tenantId,
        amr: ['pwd'],
      });
      expect(Object.keys(claims).sort()).toEqual(
        ['amr', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub', 'tenant'].sort(),
      );
      expect(Number(claims.exp) - Number(claims.iat)).toBeLessThanOrEqual(300);

      const keySet = await app.request('GET', '/.well-known/jwks.json');
      const key = (keySet.body.keys as (JsonWebKey & { kid: string })[]).find((each) => each.kid === kid);
      const [head, payload, signature] = token.split('.');
      const publicKey = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
      const signed = Buffer.from(`${head ?? ''}.${payload ?? ''}`);
      const format = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
      expect(verify('sha256', signed, format, Buffer.from(signature ?? '', 'base64url'))).toBe(true);
    });

    it('AUTH-17 each sign-in is a session of its own', async () => {
      const person = await app.signIn();
      const again = await signIn(person.email, TEST_PASSWORD);
      expect(claimsOf(again.body.accessToken as string).sid).not.toBe(claimsOf(person.token).sid);
    });

    it('API-01 a request without one is told how to send it', async () => {
      const answer = await app.request('GET', '/v1/me');
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    });
  });

  describe('refresh', () => {
    it('AUTH-15 answers a new pair of the same session, and the old access token still works', async () => {
      const person = await app.signIn();
      const { status, body } = await refresh(person.refreshToken);
      expect(status).toBe(200);
      expect(body.refreshToken).not.toBe(person.refreshToken);
      expect(body.tenant.id).toBe(person.tenantId);
      expect(claimsOf(body.accessToken as string).sid).toBe(claimsOf(person.token).sid);
      expect((await me(body.accessToken as string)).status).toBe(200);
      expect((await me(person.token)).status).toBe(200);
      expect((await refresh(body.refreshToken as string)).status).toBe(200);
    });

    it('AUTH-15 a spent token ends the whole family and its access tokens, at once', async () => {
      const person = await app.signIn();
      const { body } = await refresh(person.refreshToken);
      expect((await me(body.accessToken as string)).status).toBe(200);
      expect(await refresh(person.refreshToken)).toMatchObject({
        status: 401,
        body: { code: 'invalid-refresh-token' },
      });
      expect((await refresh(body.refreshToken as string)).status).toBe(401);
      expect((await me(body.accessToken as string)).status).toBe(401);
      expect((await me(person.token)).status).toBe(401);
    });

    it('AUTH-15 of many who use one token at once exactly one wins, and the family is ended', async () => {
      const person = await app.signIn();
      const answers = await Promise.all(Array.from({ length: 12 }, () => refresh(person.refreshToken)));
      const won = answers.filter(({ status }) => status === 200);
      expect(won).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(11);
      expect((await refresh(won[0]?.body.refreshToken as string)).status).toBe(401);
      expect((await me(won[0]?.body.accessToken as string)).status).toBe(401);
      const rows = await app.sql('SELECT revoked_reason FROM sessions WHERE user_id = $1 AND revoked_at IS NOT NULL', [
        person.userId,
      ]);
      expect(rows).toEqual([{ revoked_reason: 'token-reuse' }]);
    });

    it.each([
      ['idle for too long', 'idle_expires_at = now()'],
      ['too old', 'idle_expires_at = now(), expires_at = now()'],
    ])('AUTH-15 a session that was %s is over', async (_, change) => {
      const person = await app.signIn();
      await app.sql(`UPDATE sessions SET ${change} WHERE user_id = $1`, [person.userId]);
      expect((await refresh(person.refreshToken)).status).toBe(401);
    });

    it('AUTH-15 keeps no token in the database', async () => {
      const person = await app.signIn();
      const rows = await app.sql<{ hash: Buffer }>(
        'SELECT t.hash FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1',
        [person.userId],
      );
      expect(rows).toHaveLength(1);
      expect(rows[0]?.hash).toHaveLength(32);
      expect(Buffer.from(person.refreshToken, 'base64url').length).toBeGreaterThanOrEqual(16);
    });

    it.each(['', 'x', 'x'.repeat(43), `' OR 1=1 --`])('refuses %p', async (token) => {
      expect([400, 401]).toContain((await refresh(token)).status);
    });

    it('a refresh token is no access token, and the other way round (AUTH-14)', async () => {
      const person = await app.signIn();
      expect((await me(person.refreshToken)).status).toBe(401);
      expect([400, 401]).toContain((await refresh(person.token)).status);
    });
  });

  describe('what takes effect at once', () => {
    it('AUTH-16 sign-out, for every token of the session and no other', async () => {
      const person = await app.signIn();
      const other = (await signIn(person.email, TEST_PASSWORD)).body.accessToken as string;
      expect((await me(person.token)).status).toBe(200);
      expect((await app.request('POST', '/v1/auth/sign-out', { token: person.token })).status).toBe(204);
      expect((await me(person.token)).status).toBe(401);
      expect((await refresh(person.refreshToken)).status).toBe(401);
      expect((await me(other)).status).toBe(200);
    });

    it('AUTH-16 a person who is disabled, as soon as the notification is heard', async () => {
      const { token, userId } = await app.signIn();
      expect((await me(token)).status).toBe(200);
      await app.sql(
        `WITH change AS (UPDATE users SET status = 'disabled' WHERE id = $1 RETURNING id)
         SELECT pg_notify('daybook_revoked', id::text) FROM change`,
        [userId],
      );
      await eventually('the disabled person is refused', async () => (await me(token)).status === 401);
    });

    it('AUTH-16 a sign-out in another process', async () => {
      const second = await startTestApp({ REFRESH_TOKEN_AGAIN_SECONDS: '0' }, app);
      try {
        const { token } = await app.signIn();
        expect((await me(token)).status).toBe(200);
        expect((await second.request('POST', '/v1/auth/sign-out', { token })).status).toBe(204);
        await eventually('the other process knows', async () => (await me(token)).status === 401);
      } finally {
        await second.close();
      }
    });

    it('AUTH-16 remembers nobody while it cannot hear revocations', async () => {
      const { token, userId } = await app.signIn();
      expect((await me(token)).status).toBe(200);
      // said by nobody, so the remembered principal still stands
      await app.sql(`UPDATE users SET status = 'disabled' WHERE id = $1`, [userId]);
      expect((await me(token)).status).toBe(200);
      await asAdmin(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'daybook-revocations' AND datname = current_database()`,
      );
      await eventually('every request is looked up', async () => (await me(token)).status === 401);

      // and it comes back by itself
      const next = await app.signIn();
      await eventually('it listens again', async () => {
        const listeners = await asAdmin(
          `SELECT 1 FROM pg_stat_activity
           WHERE application_name = 'daybook-revocations' AND datname = current_database() AND query LIKE 'LISTEN%'`,
        );
        return listeners.length === 1;
      });
      expect((await me(next.token)).status).toBe(200);
    });
  });

  describe('the tenant header', () => {
    it('TEN-04 chooses among the person’s own tenants, and never widens', async () => {
      const person = await app.signIn('owner');
      const second = await app.createTenantWithOwner();
      await app.sql(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
        second.tenantId,
        person.userId,
      ]);
      const chosen = await me(person.token, { 'x-tenant-id': second.tenantId });
      expect(chosen.body).toMatchObject({ tenant: { id: second.tenantId }, role: 'viewer' });
      expect(chosen.body.permissions).not.toContain('members:write');
      expect((await me(person.token)).body).toMatchObject({ tenant: { id: person.tenantId }, role: 'owner' });

      const foreign = (await app.createTenantWithOwner()).tenantId;
      const answers = [];
      for (const id of [
        foreign,
        '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00',
        'nonsense',
        '00000000-0000-0000-0000-000000000000',
      ])
        answers.push(seen(await me(person.token, { 'x-tenant-id': id })));
      expect(answers[0]).toMatchObject({ status: 403, body: { code: 'tenant-required' } });
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    });
  });

  describe('changing the password', () => {
    const change = (token: string, currentPassword: string, newPassword: string) =>
      app.request('POST', '/v1/me/password', { token, body: { currentPassword, newPassword } });

    it('AUTH-02 needs the current one; AUTH-16 ends every other session', async () => {
      const person = await app.signIn();
      const other = (await signIn(person.email, TEST_PASSWORD)).body as { accessToken: string; refreshToken: string };
      expect((await me(other.accessToken)).status).toBe(200);
      expect(await change(person.token, 'wrong', 'umbrella cactus fortnight')).toMatchObject({
        status: 422,
        body: { code: 'wrong-password' },
      });
      expect((await change(person.token, TEST_PASSWORD, 'umbrella cactus fortnight')).status).toBe(204);
      expect((await me(person.token)).status).toBe(200);
      expect((await me(other.accessToken)).status).toBe(401);
      expect((await refresh(other.refreshToken)).status).toBe(401);
      expect((await signIn(person.email, TEST_PASSWORD)).status).toBe(401);
      expect((await signIn(person.email, 'umbrella cactus fortnight')).status).toBe(200);
    });

    it('AUTH-01 takes 15 to 256 characters of any kind; AUTH-03 refuses what is guessed first', async () => {
      const person = await app.signIn();
      expect((await change(person.token, TEST_PASSWORD, 'x3$kq9!vbn2@zz')).status).toBe(400);
      expect((await change(person.token, TEST_PASSWORD, 'ab'.repeat(129))).status).toBe(400);
      expect(await change(person.token, TEST_PASSWORD, 'daybook-password')).toMatchObject({
        status: 422,
        body: { code: 'password-too-weak', errors: [{ pointer: '/newPassword' }] },
      });
      expect((await change(person.token, TEST_PASSWORD, '   ünïcödé mit Leerzeichen   ')).status).toBe(204);
      expect((await signIn(person.email, 'ünïcödé mit Leerzeichen')).status).toBe(401);
      expect((await signIn(person.email, '   ünïcödé mit Leerzeichen   ')).status).toBe(200);
    });
  });

  describe('signing keys', () => {
    it('AUTH-19 publishes the current and the next key, and nothing private', async () => {
      const { status, headers, body } = await app.request('GET', '/.well-known/jwks.json');
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('public, max-age=300');
      expect(body.keys.length).toBeGreaterThanOrEqual(2);
      for (const key of body.keys as object[])
        expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    });

    it('AUTH-30 keeps private keys sealed', async () => {
      const rows = await app.sql<{ sealed_private: string }>('SELECT sealed_private FROM signing_keys');
      for (const { sealed_private: sealed } of rows) {
        expect(sealed).not.toMatch(/PRIVATE KEY|"d":/);
        expect(Buffer.from(sealed, 'base64').includes(Buffer.from('2a8648ce3d0301', 'hex'))).toBe(false);
      }
    });

    it('AUTH-19 rotation signs with the key that was published, and old tokens live out their life', async () => {
      const before = await app.signIn();
      const published = (await app.request('GET', '/.well-known/jwks.json')).body.keys as { kid: string }[];
      await expect(app.app.get(KeyRing).rotate(false)).rejects.toThrow('whoever caches the key set');
      const kid = await app.app.get(KeyRing).rotate(true);
      expect(published.map((key) => key.kid)).toContain(kid);
      const after = await app.signIn();
      expect(headerOf(after.token).kid).toBe(kid);
      expect(headerOf(before.token).kid).not.toBe(kid);
      expect((await me(before.token)).status).toBe(200);
      expect((await me(after.token)).status).toBe(200);
      const now = (await app.request('GET', '/.well-known/jwks.json')).body.keys as { kid: string }[];
      expect(now.map((key) => key.kid)).toEqual(expect.arrayContaining([kid, headerOf(before.token).kid]));
    });
  });

  it('AUTH-28 logs who signed in, how, and who failed to; never a secret, nor the e-mail of a failure', async () => {
    const person = await app.signIn();
    const { body } = await refresh(person.refreshToken);
    await signIn('somebody.private@test.example', 'a very private password');
    await signIn(person.email, 'another private password');
    await me(`${person.token}x`);
    await app.request('POST', '/v1/me/password', {
      token: person.token,
      body: { currentPassword: 'yet another private password', newPassword: 'correct horse battery staple' },
    });
    const lines = app.logs.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const security = lines.filter(({ context }) => context === 'Security');
    expect(security).toContainEqual(
      expect.objectContaining({ event: 'sign-in', outcome: 'success', method: 'pwd', userId: person.userId }),
    );
    expect(security).toContainEqual(
      expect.objectContaining({
        event: 'sign-in',
        outcome: 'failure',
        reason: 'wrong password',
        userId: person.userId,
      }),
    );
    expect(security).toContainEqual(expect.objectContaining({ event: 'authenticate', outcome: 'failure' }));

    const text = app.logs.text();
    const secrets = [
      TEST_PASSWORD,
      'private password',
      'somebody.private',
      person.token,
      person.refreshToken,
      body.accessToken as string,
      body.refreshToken as string,
      '$argon2id$',
    ];
    for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    // the signature alone would do for a token whose rest is guessed
    expect(text.includes(person.token.split('.')[2] as string)).toBe(false);
  });
});

describe('under load', () => {
  it('AUTH-04 turns sign-ins away at once when the hashes queue up, and says when to come back', async () => {
    const app = await startTestApp({ PASSWORD_HASH_CONCURRENCY: '1', PASSWORD_HASH_QUEUE: '1' });
    try {
      const answers = await Promise.all(
        Array.from({ length: 12 }, () =>
          app.request('POST', '/v1/auth/sign-in', { body: { email: 'nobody@test.example', password: 'wrong' } }),
        ),
      );
      const refused = answers.filter(({ status }) => status === 503);
      expect(refused.length).toBeGreaterThan(0);
      expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(2);
      for (const { headers, body } of refused) {
        expect(headers.get('retry-after')).toBe('1');
        expect(body.code).toBe('unavailable');
      }
    } finally {
      await app.close();
    }
  });

  it('AUTH-06 counts attempts per e-mail address, whether somebody has it or not', async () => {
    const app = await startTestApp({ THROTTLE_SIGN_IN_LIMIT: '3' });
    try {
      const statuses = [];
      for (let attempt = 0; attempt < 5; attempt += 1)
        statuses.push(
          (await app.request('POST', '/v1/auth/sign-in', { body: { email: 'nobody@test.example', password: 'wrong' } }))
            .status,
        );
      expect(statuses).toEqual([401, 401, 401, 429, 429]);
    } finally {
      await app.close();
    }
  });

  it('AUTH-19 processes that boot at once agree on the keys', async () => {
    const first = await startTestApp();
    await first.sql('DELETE FROM signing_keys');
    const others = await Promise.all([startTestApp({}, first), startTestApp({}, first), startTestApp({}, first)]);
    try {
      const rows = await first.sql('SELECT state FROM signing_keys ORDER BY state');
      expect(rows).toEqual([{ state: 'current' }, { state: 'next' }]);
    } finally {
      for (const other of others) await other.close();
      await first.close();
    }
  });
});
