import { startTestApp, type TestApp } from '../support/app';
import { runCli } from '../support/run-script';

describe('the operator’s commands', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  const signIn = (email: string, password: string) =>
    app.request('POST', '/v1/auth/sign-in', { body: { email, password } });

  it('seed makes a demo login that works; again it changes nothing but a password that was changed', async () => {
    const first = await runCli(['seed']);
    expect(first).toMatchObject({ code: 0 });
    const demo = JSON.parse(first.stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, string>;
    const { email, password, tenant } = demo as { email: string; password: string; tenant: string };
    const signedIn = await signIn(email, password);
    expect(signedIn).toMatchObject({ status: 200, body: { tenant: { id: tenant, name: 'Demo' } } });
    const token = signedIn.body.accessToken as string;
    const me = await app.request('GET', '/v1/me', { token });
    expect(me.body).toMatchObject({ user: { platformAdmin: true }, role: 'owner' });

    const changed = { currentPassword: password, newPassword: 'umbrella cactus fortnight' };
    expect((await app.request('POST', '/v1/me/password', { token, body: changed })).status).toBe(204);
    const again = await runCli(['seed']);
    expect(again.stdout).toBe(first.stdout);
    expect((await signIn(email, password)).status).toBe(200);
    expect(await app.sql(`SELECT 1 FROM tenants WHERE slug = 'demo'`)).toHaveLength(1);
  });

  it('seed makes no public login in production', async () => {
    const production = { NODE_ENV: 'production', APP_SECRETS: 'x'.repeat(40), PUBLIC_URL: 'https://daybook.example' };
    const { code, stderr } = await runCli(['seed'], production);
    expect(code).toBe(1);
    expect(stderr).toContain('users:create-admin');
  });

  it('users:create-admin makes an administrator, with a password that is generated or read', async () => {
    const generated = await runCli(['users:create-admin', '--email', 'Root@operator.example']);
    const password = /password: (\S+)/.exec(generated.stdout)?.[1] ?? '';
    const signedIn = await signIn('root@operator.example', password);
    expect(signedIn).toMatchObject({ status: 200, body: { tenant: null } });
    expect((await app.request('GET', '/v1/tenants', { token: signedIn.body.accessToken as string })).status).toBe(200);

    const read = await runCli(
      ['users:create-admin', '--email', 'second@operator.example', '--password-stdin'],
      {},
      'umbrella cactus fortnight\n',
    );
    expect(read.stdout).not.toContain('umbrella');
    expect((await signIn('second@operator.example', 'umbrella cactus fortnight')).status).toBe(200);

    const weak = await runCli(
      ['users:create-admin', '--email', 'third@operator.example', '--password-stdin'],
      {},
      'short\n',
    );
    expect(weak.code).toBe(1);
  });

  it('AUTH-19 keys:rotate waits until the next key is known everywhere, unless it is told not to', async () => {
    const person = await app.signIn();
    const early = await runCli(['keys:rotate']);
    expect(early).toMatchObject({ code: 1 });
    expect(early.stderr).toContain('--early');
    expect(await runCli(['keys:rotate', '--early'])).toMatchObject({ code: 0 });
    expect((await app.request('GET', '/v1/me', { token: person.token })).status).toBe(200);
    const next = await app.signIn();
    expect((await app.request('GET', '/v1/me', { token: next.token })).status).toBe(200);
  });
});
