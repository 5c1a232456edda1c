import { startTestApp, type TestApp, type TestPerson, TEST_PASSWORD } from '../support/app';

describe('members', () => {
  let app: TestApp;
  let owner: TestPerson;
  beforeAll(async () => {
    app = await startTestApp();
    owner = await app.signIn('owner');
  });
  afterAll(() => app.close());

  let count = 0;
  const newEmail = () => `new-${(count += 1)}@members.example`;
  const add = (by: TestPerson, body: object, headers: Record<string, string> = {}) =>
    app.request('POST', '/v1/members', { token: by.token, body, headers });
  const get = (by: TestPerson, userId: string) => app.request('GET', `/v1/members/${userId}`, { token: by.token });
  const change = (by: TestPerson, userId: string, role: string, version = '*') =>
    app.request('PATCH', `/v1/members/${userId}`, {
      token: by.token,
      body: { role },
      headers: { 'if-match': version },
    });
  const remove = (by: TestPerson, userId: string, version = '*') =>
    app.request('DELETE', `/v1/members/${userId}`, { token: by.token, headers: { 'if-match': version } });
  const signIn = (email: string, password: string) =>
    app.request('POST', '/v1/auth/sign-in', { body: { email, password } });

  describe('adding', () => {
    it('AUTH-02 makes a person with a password that nobody chose, given once', async () => {
      const email = newEmail();
      const headers = { 'idempotency-key': 'add-once' };
      const body = { email: email.toUpperCase(), name: 'New Person', role: 'accountant' };
      const added = await add(owner, body, headers);
      expect(added).toMatchObject({
        status: 201,
        body: { email, name: 'New Person', role: 'accountant', status: 'active' },
      });
      expect(added.headers.get('location')).toBe(`/v1/members/${added.body.userId as string}`);
      expect(added.headers.get('etag')).toBe('"1"');
      expect(added.body.initialPassword.length).toBeGreaterThanOrEqual(30);

      const signedIn = await signIn(email, added.body.initialPassword as string);
      expect(signedIn).toMatchObject({ status: 200, body: { tenant: { id: owner.tenantId } } });

      const again = await add(owner, body, headers);
      expect(again.status).toBe(201);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.body).toEqual({ ...(added.body as object), initialPassword: null });
      const [stored] = await app.sql<{ body: unknown }>(`SELECT body FROM idempotency_keys WHERE key = 'add-once'`);
      expect(JSON.stringify(stored)).not.toContain(added.body.initialPassword);
    });

    it('API-03 asks for an Idempotency-Key; API-06 refuses one that was used for another person', async () => {
      expect(await add(owner, { email: newEmail(), role: 'viewer' }, { 'idempotency-key': '' })).toMatchObject({
        status: 400,
        body: { code: 'idempotency-key-required' },
      });
      await add(owner, { email: newEmail(), role: 'viewer' }, { 'idempotency-key': 'mine' });
      expect((await add(owner, { email: newEmail(), role: 'viewer' }, { 'idempotency-key': 'mine' })).status).toBe(422);
    });

    it('adds a person who has an account, and leaves their password alone', async () => {
      const other = await app.createTenantWithOwner();
      const added = await add(owner, { email: other.email, role: 'viewer' });
      expect(added).toMatchObject({ status: 201, body: { userId: other.userId, initialPassword: null } });
      expect((await signIn(other.email, TEST_PASSWORD)).status).toBe(200);
      expect(await add(owner, { email: other.email, role: 'viewer' })).toMatchObject({
        status: 409,
        body: { code: 'already-member' },
      });
    });

    it('replaces an initial password that was never used, once the person belongs nowhere', async () => {
      const email = newEmail();
      const first = await add(owner, { email, role: 'viewer' });
      expect((await remove(owner, first.body.userId as string)).status).toBe(204);
      const second = await add(owner, { email, role: 'viewer' });
      expect(second.body.userId).toBe(first.body.userId);
      expect((await signIn(email, first.body.initialPassword as string)).status).toBe(401);
      expect((await signIn(email, second.body.initialPassword as string)).status).toBe(200);

      // used now: it is theirs, and no other tenant can take it away
      await remove(owner, first.body.userId as string);
      const elsewhere = await app.createTenantWithOwner();
      expect((await add(elsewhere, { email, role: 'viewer' })).body.initialPassword).toBeNull();
    });

    it.each([
      [{ email: 'not an address', role: 'viewer' }, '/email'],
      [{ email: 'a@members.example', role: 'god' }, '/role'],
      [{ email: 'a@members.example' }, '/role'],
      [{ email: 'a@members.example', role: 'viewer', name: '' }, '/name'],
      [{ email: 'a@members.example', role: 'viewer', password: 'chosen by an admin' }, '/password'],
      [{ email: 'a@members.example', role: 'viewer', tenantId: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00' }, '/tenantId'],
      [{ email: 'a@members.example', role: 'viewer', platformAdmin: true }, '/platformAdmin'],
    ])('refuses %j at %s', async (body, pointer) => {
      const { status, body: problem } = await add(owner, body);
      expect(status).toBe(400);
      expect((problem.errors as { pointer: string }[]).map((item) => item.pointer)).toContain(pointer);
    });
  });

  describe('who may', () => {
    it('AUTH-29 only owners and admins change members; everybody reads them', async () => {
      for (const role of ['accountant', 'viewer'] as const) {
        const person = await app.signIn(role);
        expect((await get(person, owner.userId)).status).toBe(200);
        expect(await add(person, { email: newEmail(), role: 'viewer' })).toMatchObject({
          status: 403,
          body: { code: 'forbidden' },
        });
        expect((await change(person, person.userId, 'owner')).status).toBe(403);
        expect((await remove(person, owner.userId)).status).toBe(403);
      }
    });

    it('AUTH-25 nobody gives a role above their own, nor touches somebody who has one', async () => {
      const admin = await app.signIn('admin');
      const above = { status: 403, body: { code: 'role-above-yours' } };
      expect(await add(admin, { email: newEmail(), role: 'owner' })).toMatchObject(above);
      expect(await change(admin, admin.userId, 'owner')).toMatchObject(above);
      expect(await change(admin, owner.userId, 'viewer')).toMatchObject(above);
      expect(await remove(admin, owner.userId)).toMatchObject(above);
      expect((await add(admin, { email: newEmail(), role: 'admin' })).status).toBe(201);
    });
  });

  describe('changing', () => {
    it('API-10 needs the version that was seen', async () => {
      const person = await app.signIn('viewer');
      const seen = (await get(owner, person.userId)).headers.get('etag') as string;
      const without = await app.request('PATCH', `/v1/members/${person.userId}`, {
        token: owner.token,
        body: { role: 'admin' },
      });
      expect(without).toMatchObject({ status: 428, body: { code: 'precondition-required' } });
      const changed = await change(owner, person.userId, 'admin', seen);
      expect(changed).toMatchObject({ status: 200, body: { role: 'admin' } });
      expect(changed.headers.get('etag')).toBe('"2"');
      expect(await change(owner, person.userId, 'viewer', seen)).toMatchObject({
        status: 412,
        body: { code: 'precondition-failed' },
      });
      expect((await remove(owner, person.userId, seen)).status).toBe(412);
      expect((await remove(owner, person.userId, '"2"')).status).toBe(204);
    });

    it('AUTH-16 a new role and a removal take effect at once, for tokens that are out', async () => {
      const person = await app.signIn('admin');
      expect((await add(person, { email: newEmail(), role: 'viewer' })).status).toBe(201);
      await change(owner, person.userId, 'viewer');
      expect((await add(person, { email: newEmail(), role: 'viewer' })).status).toBe(403);
      expect((await get(person, owner.userId)).status).toBe(200);
      await remove(owner, person.userId);
      expect(await get(person, owner.userId)).toMatchObject({ status: 403, body: { code: 'tenant-required' } });
      const me = await app.request('GET', '/v1/me', { token: person.token });
      expect(me).toMatchObject({ status: 200, body: { tenant: null, role: null, permissions: [], memberships: [] } });
    });

    it('keeps the last owner', async () => {
      const alone = await app.createTenantWithOwner();
      const lastOwner = { status: 409, body: { code: 'last-owner' } };
      expect(await change(alone, alone.userId, 'admin')).toMatchObject(lastOwner);
      expect(await remove(alone, alone.userId)).toMatchObject(lastOwner);
      const second = await app.signIn('owner', alone.tenantId);
      expect((await change(alone, alone.userId, 'admin')).status).toBe(200);
      expect(await remove(second, second.userId)).toMatchObject(lastOwner);
    });

    it('keeps the last owner when two owners remove each other at once', async () => {
      for (let round = 0; round < 5; round += 1) {
        const one = await app.createTenantWithOwner();
        const two = await app.signIn('owner', one.tenantId);
        const answers = await Promise.all([change(one, two.userId, 'viewer'), remove(two, one.userId)]);
        const [row] = await app.sql<{ owners: number }>(
          `SELECT count(*)::int AS owners FROM members WHERE tenant_id = $1 AND role = 'owner'`,
          [one.tenantId],
        );
        expect(row).toEqual({ owners: 1 });
        expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
      }
    });
  });

  describe('listing', () => {
    it('API-11 pages through everybody once, in both directions', async () => {
      const tenant = await app.createTenantWithOwner();
      for (let each = 0; each < 4; each += 1) await app.signIn('viewer', tenant.tenantId);
      const list = (query: string) => app.request('GET', `/v1/members?${query}`, { token: tenant.token });
      const all = (await list('limit=200')).body;
      expect(all.items).toHaveLength(5);
      expect(all).toMatchObject({ next: null, previous: null });
      expect(Object.keys(all.items[0] as object).sort()).toEqual(
        ['createdAt', 'email', 'name', 'role', 'status', 'updatedAt', 'userId'].sort(),
      );
      const first = (await list('limit=2')).body;
      const second = (await list(`limit=2&cursor=${first.next as string}`)).body;
      const third = (await list(`limit=2&cursor=${second.next as string}`)).body;
      expect([...first.items, ...second.items, ...third.items]).toEqual(all.items);
      expect(third.next).toBeNull();
      expect((await list(`limit=2&cursor=${third.previous as string}`)).body.items).toEqual(second.items);
    });

    it('API-11 a cursor of one tenant is worth nothing in another', async () => {
      await app.signIn('viewer');
      const page = await app.request('GET', '/v1/members?limit=1', { token: owner.token });
      const other = await app.createTenantWithOwner();
      const query = `/v1/members?limit=1&cursor=${page.body.next as string}`;
      expect(await app.request('GET', query, { token: other.token })).toMatchObject({
        status: 400,
        body: { code: 'invalid-cursor' },
      });
    });
  });

  it('TEN-04 a member of another tenant is as unknown as nobody, for every method', async () => {
    const other = await app.createTenantWithOwner();
    const nobody = '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00';
    for (const call of [get, (by: TestPerson, id: string) => change(by, id, 'viewer'), remove]) {
      const [foreign, unknown] = [await call(owner, other.userId), await call(owner, nobody)];
      expect(foreign).toMatchObject({ status: 404, body: { code: 'not-found' } });
      expect({ ...(foreign.body as object), traceId: '' }).toEqual({ ...(unknown.body as object), traceId: '' });
    }
    expect((await get(owner, 'nonsense')).status).toBe(404);
    expect((await app.request('GET', '/v1/members', { token: other.token })).body.items).toHaveLength(1);
  });
});
