import { SESSIONS_MAX } from '../../src/modules/auth/sessions.service';
import { startTestApp, TEST_PASSWORD, type TestApp, type TestPerson, type TestTenant } from '../support/app';
import { until } from '../../src/testing/until';

interface Session {
  readonly id: string;
  readonly current: boolean;
  readonly source: string;
  readonly userAgent: string | null;
}
interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

let app: TestApp;
/** A second process. */
let second: TestApp;
let owner: TestTenant;

beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: '127.0.0.1' });
  second = await startTestApp({}, app);
  owner = await app.createTenantWithOwner();
});
afterAll(async () => {
  await second.close();
  await app.close();
});

const signIn = async (
  { email, tenantId }: TestPerson,
  userAgent = 'test',
  source = '198.51.100.1',
): Promise<Tokens> => {
  const { status, body } = await app.request('POST', '/v1/auth/sign-in', {
    body: { email, password: TEST_PASSWORD, tenantId },
    headers: { 'user-agent': userAgent, 'x-forwarded-for': source },
  });
  expect(status).toBe(200);
  return body as Tokens;
};
const list = async (token: string, path = '/v1/me/sessions'): Promise<Session[]> => {
  const { status, body } = await app.request('GET', path, { token });
  expect(status).toBe(200);
  return (body as { items: Session[] }).items;
};
const statusOf = async (token: string, of = app) => (await of.request('GET', '/v1/me', { token })).status;
const end = (token: string, path: string) => app.request('DELETE', path, { token });
const refresh = async (refreshToken: string, of = app) => {
  const { status, body } = await of.request('POST', '/v1/auth/refresh', { body: { refreshToken } });
  return { status, ...(body as Tokens) };
};

describe('AUTH-17 one’s own sessions', () => {
  it('are listed with where they were begun, and one can be ended: at once, on every process', async () => {
    const person = await app.signIn('viewer', owner.tenantId);
    const phone = await signIn(person, 'Phone/1.0', '203.0.113.9');
    const sessions = await list(person.token);
    expect(sessions.map(({ current }) => current)).toEqual([false, true]);
    expect(sessions[0]).toMatchObject({ source: '203.0.113.9', userAgent: 'Phone/1.0' });
    expect([await statusOf(phone.accessToken), await statusOf(phone.accessToken, second)]).toEqual([200, 200]);
    expect((await end(person.token, `/v1/me/sessions/${sessions[0]?.id}`)).status).toBe(204);
    expect([await statusOf(phone.accessToken), (await refresh(phone.refreshToken)).status]).toEqual([401, 401]);
    await until('the other process', async () => (await statusOf(phone.accessToken, second)) === 401, 1_000);
    expect(await statusOf(person.token)).toBe(200);
    expect(await list(person.token)).toHaveLength(1);
    expect((await end(person.token, `/v1/me/sessions/${sessions[0]?.id}`)).status).toBe(404);
  });

  it('all others end together; those of others are not there', async () => {
    const [one, other] = [await app.signIn('viewer', owner.tenantId), await app.signIn('viewer', owner.tenantId)];
    const devices = [await signIn(one), await signIn(one), await signIn(one)];
    const [foreign] = await list(other.token);
    expect((await end(one.token, `/v1/me/sessions/${foreign?.id}`)).status).toBe(404);
    const { status, body } = await end(one.token, '/v1/me/sessions');
    expect([status, body]).toEqual([200, { ended: 3 }]);
    for (const { accessToken } of devices) expect(await statusOf(accessToken)).toBe(401);
    expect([await statusOf(one.token), await statusOf(other.token)]).toEqual([200, 200]);
  });

  it(`are ${SESSIONS_MAX} at the most: with one more the one that was used longest ago ends`, async () => {
    const person = await app.signIn('viewer', owner.tenantId);
    await app.sql(
      `INSERT INTO sessions (id, user_id, idle_expires_at, expires_at, last_used_at)
       SELECT gen_random_uuid(), $1, now() + interval '1 day', now() + interval '1 day', now() + n * interval '1 ms'
         FROM generate_series(1, ${SESSIONS_MAX - 1}) n`,
      [person.userId],
    );
    expect(await list(person.token)).toHaveLength(SESSIONS_MAX);
    const { accessToken } = await signIn(person);
    expect(await statusOf(person.token)).toBe(401);
    expect(await list(accessToken)).toHaveLength(SESSIONS_MAX);
  });
});

describe('AUTH-17 sessions of others', () => {
  it('are listed and ended by who manages members, of their tenant and of nobody above them', async () => {
    const [admin, viewer] = [await app.signIn('admin', owner.tenantId), await app.signIn('viewer', owner.tenantId)];
    const path = `/v1/members/${viewer.userId}/sessions`;
    expect((await list(admin.token, path)).map(({ current }) => current)).toEqual([false]);
    expect((await app.request('GET', path, { token: viewer.token })).status).toBe(403);
    const above = await end(admin.token, `/v1/members/${owner.userId}/sessions`);
    expect([above.status, (above.body as { code: string }).code]).toEqual([403, 'role-above-yours']);
    expect((await end(admin.token, path)).body).toEqual({ ended: 1 });
    expect([await statusOf(viewer.token), await statusOf(admin.token)]).toEqual([401, 200]);
    const stranger = await app.createTenantWithOwner();
    for (const method of ['GET', 'DELETE'])
      expect((await app.request(method, path, { token: stranger.token })).status).toBe(404);
  });

  it('of everybody end but the one that asks, and nobody’s in another tenant', async () => {
    const tenant = await app.createTenantWithOwner();
    const member = await app.signIn('accountant', tenant.tenantId);
    expect((await end(member.token, '/v1/sessions')).status).toBe(403);
    expect((await end(tenant.token, '/v1/sessions')).body).toEqual({ ended: 1 });
    expect([await statusOf(member.token), await statusOf(tenant.token), await statusOf(owner.token)]).toEqual([
      401, 200, 200,
    ]);
  });
});

describe('AUTH-15 a refresh whose answer was lost', () => {
  it('gets the same next token again, as do twelve tabs at once; there is one family', async () => {
    const person = await app.signIn('viewer', owner.tenantId);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, tab) => refresh(person.refreshToken, tab % 2 ? app : second)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    expect(await Promise.all(answers.map(({ accessToken }) => statusOf(accessToken)))).toEqual(answers.map(() => 200));
    const tokens = await app.sql(
      'SELECT 1 FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1',
      [person.userId],
    );
    expect(tokens).toHaveLength(2);
  });

  it('is a theft once the next token was used: the session ends', async () => {
    const person = await app.signIn('viewer', owner.tenantId);
    const next = await refresh(person.refreshToken);
    expect((await refresh(next.refreshToken)).status).toBe(200);
    expect((await refresh(person.refreshToken)).status).toBe(401);
    expect(await statusOf(person.token)).toBe(401);
  });

  it('is a theft once the time has passed: the session ends', async () => {
    const person = await app.signIn('viewer', owner.tenantId);
    const next = await refresh(person.refreshToken);
    await app.sql(
      `UPDATE refresh_tokens SET spent_at = spent_at - interval '11 seconds'
        WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)`,
      [person.userId],
    );
    expect((await refresh(person.refreshToken)).status).toBe(401);
    expect((await refresh(next.refreshToken)).status).toBe(401);
  });

  it('keeps the next token from whoever reads the database', async () => {
    const person = await app.signIn('viewer', owner.tenantId);
    const next = await refresh(person.refreshToken);
    const rows = await app.sql<{ row: string }>('SELECT t::text AS row FROM refresh_tokens t');
    for (const { row } of rows) expect(row).not.toContain(next.refreshToken);
    expect((await refresh(next.refreshToken)).status).toBe(200);
  });
});
