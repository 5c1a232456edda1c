import { AuditTrail } from '../../src/platform/security/audit-trail';
import { startTestApp, TEST_PASSWORD, type TestApp, type TestTenant } from '../support/app';
import { createLedger, posting, type TestLedger } from '../support/ledger';

interface AuditRecord {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly outcome: 'success' | 'failure';
  readonly actorKind: string | null;
  readonly actorId: string | null;
  readonly credentialId: string | null;
  readonly method: string | null;
  readonly subject: string | null;
  readonly source: string | null;
  readonly reason: string | null;
  readonly traceId: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}

let app: TestApp;
let owner: TestTenant;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp({ TRUST_PROXY: '127.0.0.1' });
  owner = await app.createTenantWithOwner();
  ledger = await createLedger(app, owner.token);
});
afterAll(() => app.close());

const list = async (query = '', token = owner.token): Promise<AuditRecord[]> => {
  await app.app.get(AuditTrail).flush();
  const { status, body, text } = await app.request('GET', `/v1/audit-records${query}`, { token });
  expect(`${status} ${text}`).toMatch(/^200/);
  return (body as { items: AuditRecord[] }).items;
};
/** What `work` leaves in the record, oldest first. */
const left = async (work: () => Promise<unknown>, token = owner.token): Promise<AuditRecord[]> => {
  const before = new Set((await list('?limit=200', token)).map(({ id }) => id));
  await work();
  return (await list('?limit=200', token)).filter(({ id }) => !before.has(id)).reverse();
};
const send = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
  const answer = await app.request(method, path, { token: owner.token, headers, ...(body ? { body } : {}) });
  expect(`${answer.status} ${answer.text}`).toMatch(/^2/);
  return answer;
};

describe('REL-10 one record per change through the API, in its transaction', () => {
  it('says who did what to what, from where, and from what to what', async () => {
    const { userId } = await app.signIn('viewer', owner.tenantId);
    const [record, ...others] = await left(() =>
      send(
        'PATCH',
        `/v1/members/${userId}`,
        { role: 'accountant' },
        { 'if-match': '*', 'x-forwarded-for': '203.0.113.5' },
      ),
    );
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      action: 'usersChange',
      outcome: 'success',
      actorKind: 'person',
      actorId: owner.userId,
      subject: `/v1/members/${userId}`,
      source: '203.0.113.5',
      before: { role: 'viewer' },
      after: { role: 'accountant' },
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it('for every kind of change exactly one, named by its operation; none for what only looks', async () => {
    const key = (await send('POST', '/v1/api-keys', { name: 'A server', permissions: ['ledgers:read'] })).body as {
      id: string;
    };
    const changes: [string, () => Promise<unknown>][] = [
      ['ledgersCreate', () => send('POST', '/v1/ledgers', { name: 'Another' })],
      ['ledgersUpdate', () => send('PATCH', ledger.path, { name: 'Renamed' }, { 'if-match': '*' })],
      ['accountsCreate', () => send('POST', `${ledger.path}/accounts`, { code: 'more', type: 'asset' })],
      ['apiKeysCreate', () => send('POST', '/v1/api-keys', { name: 'B', permissions: ['ledgers:read'] })],
      ['apiKeysRotate', () => send('POST', `/v1/api-keys/${key.id}/rotate`, {})],
      ['apiKeysRevoke', () => send('POST', `/v1/api-keys/${key.id}/revoke`)],
      ['usersAdd', () => send('POST', '/v1/members', { email: `${Math.random()}@test.example`, role: 'viewer' })],
      ['ownTenantChange', () => send('PATCH', '/v1/tenant', { name: 'Acme' }, { 'if-match': '*' })],
      ['jobsCreate', () => send('POST', '/v1/jobs', { kind: 'maintenance.purge', payload: {} })],
      [
        'importsCreate',
        () =>
          app.request('POST', `${ledger.path}/imports`, {
            token: owner.token,
            headers: { 'content-type': 'text/csv' },
            body: 'date,transaction,account,currency,amount,description\n2026-01-01,1,cash,EUR,1.00,a\n2026-01-01,1,sales,EUR,-1.00,a\n',
          }),
      ],
    ];
    const seen: string[][] = [];
    for (const [, change] of changes) seen.push((await left(change)).map(({ action }) => action));
    expect(seen).toEqual(changes.map(([action]) => [action]));
    expect(await left(() => send('GET', '/v1/members'))).toEqual([]);
    expect(await left(() => send('POST', `${ledger.path}/transactions?dryRun=true`, posting('1.00')))).toEqual([]);
  });

  it('a retry and a refused change leave none; what is rolled back leaves none', async () => {
    const body = { code: 'once', type: 'asset' };
    const create = () =>
      app.request('POST', `${ledger.path}/accounts`, {
        token: owner.token,
        body,
        headers: { 'idempotency-key': 'once' },
      });
    expect(await left(create)).toHaveLength(1);
    expect(await left(create)).toEqual([]);
    const taken = () => app.request('POST', `${ledger.path}/accounts`, { token: owner.token, body });
    expect(
      await left(async () => {
        expect((await taken()).status).toBe(409);
      }),
    ).toEqual([]);
  });

  it('a key that changes something is named as what it is', async () => {
    const key = (await send('POST', '/v1/api-keys', { name: 'C', permissions: ['accounts:write'] })).body as {
      id: string;
      secret: string;
    };
    const [record] = await left(() =>
      app.request('POST', `${ledger.path}/accounts`, { token: key.secret, body: { code: 'by-key', type: 'asset' } }),
    );
    expect(record).toMatchObject({
      actorKind: 'api-key',
      actorId: key.id,
      credentialId: key.id,
      action: 'accountsCreate',
    });
  });
});

describe('AUTH-28 the security log of a tenant', () => {
  const signIn = (email: string, password: string) =>
    app.request('POST', '/v1/auth/sign-in', { body: { email, password, tenantId: owner.tenantId } });

  it('has sign-ins, failures of its members, sign-outs and changed passwords, with their method', async () => {
    const { email, userId } = await app.signIn('viewer', owner.tenantId);
    const records = await left(async () => {
      await signIn(email, 'not the password of anybody');
      const { accessToken: token } = (await signIn(email, TEST_PASSWORD)).body as { accessToken: string };
      const wrong = { currentPassword: 'no', newPassword: 'copper lantern drifting orchard' };
      await app.request('POST', '/v1/me/password', { token, body: wrong });
      await app.request('POST', '/v1/me/password', { token, body: { ...wrong, currentPassword: TEST_PASSWORD } });
      await app.request('POST', '/v1/auth/sign-out', { token });
    });
    const plain = records.map(
      ({ action, outcome, actorId, method }) => `${action} ${outcome} ${method} ${actorId === userId}`,
    );
    expect(plain.sort()).toEqual([
      'password-change failure pwd true',
      'password-change success pwd true',
      'sign-in failure pwd true',
      'sign-in success pwd true',
      'sign-out success null true',
    ]);
  });

  it('has a stolen refresh token, and who was not allowed to do something', async () => {
    const { refreshToken, token, userId } = await app.signIn('viewer', owner.tenantId);
    const refresh = async (given: string) =>
      (await app.request('POST', '/v1/auth/refresh', { body: { refreshToken: given } })).body as {
        refreshToken: string;
      };
    const records = await left(async () => {
      await app.request('POST', '/v1/ledgers', { token, body: { name: 'No' } });
      await refresh((await refresh(refreshToken)).refreshToken);
      await refresh(refreshToken);
    });
    expect(
      records.map(({ action, outcome, actorId, reason }) => [action, outcome, actorId === userId, reason]),
    ).toEqual([
      ['ledgersCreate', 'failure', true, 'forbidden'],
      ['refresh', 'failure', true, 'a spent token came back; the session is ended'],
    ]);
  });

  it('shows a tenant what the platform did to it', async () => {
    const tenant = await app.createTenantWithOwner();
    const admin = await app.signInPlatformAdmin();
    const change = (status: string) =>
      app.request('PATCH', `/v1/tenants/${tenant.tenantId}`, {
        token: admin.token,
        headers: { 'if-match': '*' },
        body: { status },
      });
    await change('suspended');
    await change('active');
    const records = await list('?action=tenantsChange', tenant.token);
    expect(records.map(({ actorId, before, after }) => [actorId === admin.userId, before, after])).toEqual([
      [true, { status: 'suspended' }, { status: 'active' }],
      [true, { status: 'active' }, { status: 'suspended' }],
    ]);
  });

  it('16.2.5 has no secrets, whatever was sent', async () => {
    const secrets = [TEST_PASSWORD, owner.token, owner.refreshToken];
    const { secret } = (await send('POST', '/v1/api-keys', { name: 'D', permissions: ['ledgers:read'] })).body as {
      secret: string;
    };
    const added = await send('POST', '/v1/members', { email: `${Math.random()}@test.example`, role: 'viewer' });
    const { initialPassword } = added.body as { initialPassword: string };
    await app.app.get(AuditTrail).flush();
    const rows = await app.sql<{ row: string }>('SELECT r::text AS row FROM audit_records r');
    expect(rows.length).toBeGreaterThan(10);
    for (const { row } of rows)
      for (const hidden of [...secrets, secret, initialPassword]) expect(row).not.toContain(hidden);
  });

  it('16.4.1 takes no line breaks or markup for anything but text', async () => {
    const { userId } = await app.signIn('viewer', owner.tenantId);
    const path = `/v1/members/${userId}%0d%0aforged`;
    await app.request('DELETE', path, { token: owner.token, headers: { 'if-match': '*' } });
    for (const { subject } of await list('?limit=200')) expect(subject ?? '').not.toMatch(/[\r\n]/);
  });
});

describe('the record', () => {
  it('is append-only: neither the application nor who looks after it changes a row', async () => {
    await list();
    for (const change of [
      `UPDATE audit_records SET reason = 'x'`,
      'DELETE FROM audit_records',
      'TRUNCATE audit_records',
    ])
      await expect(app.sql(change)).rejects.toThrow(/append-only|never change|immutable|permission denied/i);
    const grants = await app.sql(
      `SELECT privilege_type FROM information_schema.role_table_grants
        WHERE table_name = 'audit_records' AND grantee = 'daybook_app' ORDER BY 1`,
    );
    expect(grants).toEqual([{ privilege_type: 'INSERT' }, { privilege_type: 'SELECT' }]);
  });

  it('is listed newest first, by pages and filters, and exported as lines', async () => {
    const tenant = await app.createTenantWithOwner();
    for (let n = 0; n < 5; n += 1)
      await app.request('POST', '/v1/ledgers', { token: tenant.token, body: { name: `Ledger ${n}` } });
    const page = async (query: string) =>
      (await app.request('GET', `/v1/audit-records?limit=2&action=ledgersCreate${query}`, { token: tenant.token }))
        .body as {
        items: AuditRecord[];
        next: string | null;
      };
    const ids: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const { items, next: more }: Awaited<ReturnType<typeof page>> = await page(next === '' ? '' : `&cursor=${next}`);
      ids.push(...items.map(({ id }) => id));
      next = more;
    }
    expect([ids.length, [...ids].sort().reverse()]).toEqual([5, ids]);
    expect(await list(`?actorId=${tenant.userId}&outcome=success&action=ledgersCreate`, tenant.token)).toHaveLength(5);
    expect(await list(`?from=2999-01-01T00:00:00Z`, tenant.token)).toEqual([]);
    const exported = await app.request('GET', '/v1/audit-records/export?action=ledgersCreate', { token: tenant.token });
    expect(exported.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = exported.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditRecord);
    expect(lines.map(({ id }) => id)).toEqual([...ids].reverse());
  });

  it('is for those who administer, of their own tenant', async () => {
    const viewer = await app.signIn('viewer', owner.tenantId);
    for (const path of ['/v1/audit-records', '/v1/audit-records/export'])
      expect((await app.request('GET', path, { token: viewer.token })).status).toBe(403);
    const stranger = await app.createTenantWithOwner();
    for (const { actorId } of await list('?limit=200', stranger.token)) expect(actorId).toBe(stranger.userId);
  });
});
