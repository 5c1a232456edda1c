import { startTestApp, type TestApp } from '../support/app';

describe('sign-in', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('tells who is signed in', async () => {
    const person = await app.signIn('accountant');
    const me = await app.request('GET', '/v1/me', { token: person.token });
    expect(me.status).toBe(200);
    expect(me.body).toMatchObject({
      user: { id: person.userId, email: person.email, platformAdmin: false },
      tenant: { id: person.tenantId, status: 'active' },
      role: 'accountant',
      memberships: [{ role: 'accountant', tenant: { id: person.tenantId } }],
    });
  });
});
