import { Client } from 'pg';
import { startTestApp, type TestApp, type TestPerson } from '../support/app';

describe('tenants', () => {
  let app: TestApp;
  let operator: TestPerson;
  beforeAll(async () => {
    app = await startTestApp();
    operator = await app.signInPlatformAdmin();
  });
  afterAll(() => app.close());

  let count = 0;
  const fresh = () => {
    count += 1;
    return {
      name: `Tenant ${count}`,
      slug: `made-${count}`,
      owner: { email: `owner-${count}@tenants.example`, name: 'Owner' },
    };
  };
  const create = (by: TestPerson, body: object, headers: Record<string, string> = {}) =>
    app.request('POST', '/v1/tenants', { token: by.token, body, headers });
  const change = (id: string, body: object, version = '*') =>
    app.request('PATCH', `/v1/tenants/${id}`, { token: operator.token, body, headers: { 'if-match': version } });
  const own = (by: TestPerson) => app.request('GET', '/v1/tenant', { token: by.token });
  const changeOwn = (by: TestPerson, body: object, version = '*') =>
    app.request('PATCH', '/v1/tenant', { token: by.token, body, headers: { 'if-match': version } });

  describe('for the platform', () => {
    it('creates a tenant whose owner can sign in and manage it', async () => {
      const body = fresh();
      const created = await create(operator, body, { 'idempotency-key': 'tenant' });
      expect(created).toMatchObject({
        status: 201,
        body: {
          name: body.name,
          slug: body.slug,
          status: 'active',
          settings: { timeZone: 'UTC', locale: 'en', defaultCurrency: null },
        },
      });
      expect(created.headers.get('location')).toBe(`/v1/tenants/${created.body.id as string}`);
      const signedIn = await app.request('POST', '/v1/auth/sign-in', {
        body: { email: body.owner.email, password: created.body.initialPassword as string },
      });
      expect(signedIn.body.tenant).toEqual({ id: created.body.id, name: body.name });
      const token = signedIn.body.accessToken as string;
      const members = await app.request('GET', '/v1/members', { token });
      expect(members.body.items).toMatchObject([{ userId: created.body.ownerId, role: 'owner' }]);

      const replayed = await create(operator, body, { 'idempotency-key': 'tenant' });
      expect(replayed.body).toEqual({ ...(created.body as object), initialPassword: null });
      expect(await create(operator, body)).toMatchObject({ status: 409, body: { code: 'slug-taken' } });
    });

    it('AUTH-29 is for platform administrators only', async () => {
      const owner = await app.signIn('owner');
      for (const [method, path, body] of [
        ['GET', '/v1/tenants', undefined],
        ['GET', `/v1/tenants/${owner.tenantId}`, undefined],
        ['POST', '/v1/tenants', fresh()],
        ['PATCH', `/v1/tenants/${owner.tenantId}`, { status: 'active' }],
      ] as const)
        expect(
          await app.request(method, path, { token: owner.token, body, headers: { 'if-match': '*' } }),
        ).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    });

    it('API-11 lists all tenants in pages', async () => {
      for (let each = 0; each < 3; each += 1) await create(operator, fresh());
      const ids: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const { body } = await app.request('GET', `/v1/tenants?limit=2${query}`, { token: operator.token });
        ids.push(...(body.items as { id: string }[]).map(({ id }) => id));
        cursor = body.next as string | null;
      }
      const rows = await app.sql<{ id: string }>('SELECT id FROM tenants ORDER BY id');
      expect(ids).toEqual(rows.map(({ id }) => id));
    });

    it('API-10 renames one, with the version that was seen', async () => {
      const { body } = await create(operator, fresh());
      const path = `/v1/tenants/${body.id as string}`;
      const read = await app.request('GET', path, { token: operator.token });
      expect(read.headers.get('etag')).toBe('"1"');
      const without = await app.request('PATCH', path, { token: operator.token, body: { name: 'Other' } });
      expect(without.status).toBe(428);
      expect(await change(body.id as string, { name: 'Other' }, '"1"')).toMatchObject({
        status: 200,
        body: { name: 'Other' },
      });
      expect((await change(body.id as string, { name: 'Third' }, '"1"')).status).toBe(412);
    });

    it.each([
      [{ slug: '-a' }, '/slug'],
      [{ slug: 'A' }, '/slug'],
      [{ slug: 'a'.repeat(64) }, '/slug'],
      [{ name: '' }, '/name'],
      [{ owner: undefined }, '/owner'],
      [{ owner: { email: 'x' } }, '/owner/email'],
      [{ owner: { email: 'a@b.example', password: 'chosen' } }, '/owner/password'],
      [{ id: '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00' }, '/id'],
    ])('refuses %j at %s', async (part, pointer) => {
      const { status, body } = await create(operator, { ...fresh(), ...part });
      expect(status).toBe(400);
      expect((body.errors as { pointer: string }[]).map((item) => item.pointer)).toContain(pointer);
    });

    it('answers 404 for a tenant that is not there', async () => {
      const path = '/v1/tenants/01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00';
      expect((await app.request('GET', path, { token: operator.token })).status).toBe(404);
      expect((await change('01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00', { name: 'x' })).status).toBe(404);
    });
  });

  describe('a suspension', () => {
    it('AUTH-16 closes the tenant to its members at once, but for /v1/me and sign-out; it opens again', async () => {
      const owner = await app.createTenantWithOwner();
      const suspended = { status: 403, body: { code: 'tenant-suspended' } };
      expect((await own(owner)).status).toBe(200);
      expect((await change(owner.tenantId, { status: 'suspended' })).status).toBe(200);
      expect(await own(owner)).toMatchObject(suspended);
      expect(await app.request('GET', '/v1/members', { token: owner.token })).toMatchObject(suspended);
      const me = await app.request('GET', '/v1/me', { token: owner.token });
      expect(me).toMatchObject({ status: 200, body: { tenant: { id: owner.tenantId, status: 'suspended' } } });

      expect((await change(owner.tenantId, { status: 'active' })).status).toBe(200);
      expect((await own(owner)).status).toBe(200);

      await change(owner.tenantId, { status: 'suspended' });
      expect((await app.request('POST', '/v1/auth/sign-out', { token: owner.token })).status).toBe(204);
    });

    it('leaves a member of two tenants the other one', async () => {
      const person = await app.createTenantWithOwner();
      const second = await app.createTenantWithOwner();
      await app.sql(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
        second.tenantId,
        person.userId,
      ]);
      await change(person.tenantId, { status: 'suspended' });
      const headers = { 'x-tenant-id': second.tenantId };
      expect((await app.request('GET', '/v1/tenant', { token: person.token, headers })).body.id).toBe(second.tenantId);
    });

    it('does not lock out the administrator who suspends their own tenant', async () => {
      const administrator = await app.signInPlatformAdmin();
      const path = `/v1/tenants/${administrator.tenantId}`;
      const set = (status: string) =>
        app.request('PATCH', path, { token: administrator.token, body: { status }, headers: { 'if-match': '*' } });
      expect((await set('suspended')).status).toBe(200);
      expect((await own(administrator)).status).toBe(403);
      expect((await set('active')).status).toBe(200);
      expect((await own(administrator)).status).toBe(200);
    });
  });

  describe('one’s own', () => {
    it('TEN-07 settings are typed and merged; null takes a choice back', async () => {
      const owner = await app.createTenantWithOwner();
      const settings = { timeZone: 'Europe/Zurich', locale: 'de-CH', defaultCurrency: 'CHF' };
      expect(await changeOwn(owner, { settings }, '"1"')).toMatchObject({ status: 200, body: { settings } });
      const patched = await changeOwn(
        owner,
        { name: 'Renamed', settings: { locale: null, defaultCurrency: null } },
        '"2"',
      );
      expect(patched.body).toMatchObject({
        name: 'Renamed',
        settings: { timeZone: 'Europe/Zurich', locale: 'en', defaultCurrency: null },
      });
      expect((await own(owner)).headers.get('etag')).toBe('"3"');
    });

    it.each([
      [{ settings: { timeZone: 'Mars/Olympus' } }, '/settings/timeZone'],
      [{ settings: { locale: 'not a language' } }, '/settings/locale'],
      [{ settings: { defaultCurrency: 'euro' } }, '/settings/defaultCurrency'],
      [{ settings: { isAdmin: true } }, '/settings/isAdmin'],
      [{ status: 'active' }, '/status'],
      [{ slug: 'other' }, '/slug'],
    ])('refuses %j at %s', async (body, pointer) => {
      const owner = await app.signIn('owner');
      const answer = await changeOwn(owner, body);
      expect(answer.status).toBe(400);
      expect((answer.body.errors as { pointer: string }[]).map((item) => item.pointer)).toContain(pointer);
    });

    it('AUTH-29 viewers read it and cannot change it', async () => {
      const viewer = await app.signIn('viewer');
      expect((await own(viewer)).status).toBe(200);
      expect((await changeOwn(viewer, { name: 'Mine' })).status).toBe(403);
    });

    it('says that a tenant is needed to somebody who has none', async () => {
      const person = await app.signIn('viewer');
      await app.sql('DELETE FROM members WHERE user_id = $1', [person.userId]);
      expect(await own(person)).toMatchObject({ status: 403, body: { code: 'tenant-required' } });
    });
  });

  it('TEN-03 the function that founds a tenant adds nobody to one that has members', async () => {
    const victim = await app.createTenantWithOwner();
    const client = new Client({ connectionString: app.database.databaseUrl });
    await client.connect();
    try {
      await expect(
        client.query('SELECT daybook_system.found_tenant($1, $2)', [victim.tenantId, operator.userId]),
      ).rejects.toMatchObject({ code: '42501' });
      expect((await client.query('SELECT * FROM members')).rows).toEqual([]);
      expect(
        (await client.query('SELECT * FROM daybook_system.memberships_of($1)', [victim.userId])).fields.map(
          ({ name }) => name,
        ),
      ).toEqual(['tenant_id', 'role']);
    } finally {
      await client.end();
    }
  });
});
