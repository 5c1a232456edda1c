import { startTestApp, type TestApp } from '../support/app';
import { faultsInBooks, fingerprintOfTables, posting } from '../support/ledger';

let app: TestApp;
let token: string;
let path: string;

beforeAll(async () => {
  app = await startTestApp();
  ({ token } = await app.createTenantWithOwner());
  const ledger = await send('/v1/ledgers', { name: 'Open', unknownAccounts: 'created' });
  path = `/v1/ledgers/${ledger.body.id as string}`;
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await app.close();
});

async function send(to: string, body: unknown) {
  const answer = await app.request('POST', to, { token, body });
  return { status: answer.status, body: answer.body as Record<string, unknown> & { errors?: { pointer: string }[] } };
}
const account = async (code: string) =>
  (await app.request('GET', `${path}/accounts/${code}`, { token })).body as Record<string, unknown>;

describe('an open ledger', () => {
  it('makes an account of the type that its first segment names, once, however many want it at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        send(`${path}/transactions`, posting('1.00', { debit: 'assets:new', credit: 'income:new' })),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await account('income:new')).toMatchObject({ type: 'revenue', normalBalance: 'credit', limits: [] });
    expect(await app.sql(`SELECT code FROM accounts WHERE code LIKE '%:new'`)).toHaveLength(2);
  });

  it('makes accounts as their template says, limits included, which hold from the first posting', async () => {
    const limits = [{ currency: 'EUR', minimumAvailable: '0.00', maximumAvailable: '50.00' }];
    const template = { pattern: 'users:*:wallet', type: 'liability', currencies: ['EUR'], limits };
    expect((await send(`${path}/account-templates`, template)).status).toBe(201);
    const topUp = (amount: string) => posting(amount, { debit: 'assets:new', credit: 'users:ann:wallet' });
    const before = await fingerprintOfTables(app, ['accounts', 'balances', 'transactions', 'entries']);
    const refused = await send(`${path}/transactions`, topUp('50.01'));
    expect([refused.status, refused.body.code]).toEqual([422, 'balance-limit-exceeded']);
    expect(await fingerprintOfTables(app, ['accounts', 'balances', 'transactions', 'entries'])).toEqual(before);
    expect((await send(`${path}/transactions`, topUp('50.00'))).status).toBe(201);
    expect(await account('users:ann:wallet')).toMatchObject({ type: 'liability', currencies: ['EUR'] });
    const spent = await send(
      `${path}/transactions`,
      posting('50.01', { debit: 'users:ann:wallet', credit: 'income:new' }),
    );
    expect([spent.status, spent.body.code]).toEqual([422, 'insufficient-funds']);
  });

  it('refuses a code that nothing gives a type to, and an id that nobody has', async () => {
    for (const code of ['somewhere:else', '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02', 'assets::x']) {
      const refused = await send(`${path}/transactions`, posting('1.00', { debit: code, credit: 'income:new' }));
      expect([refused.status, refused.body.code, refused.body.errors?.[0]?.pointer]).toEqual([
        422,
        'unknown-account',
        '/entries/0/account',
      ]);
    }
  });
});

describe('posting by template', () => {
  it('is one call, records which version it was, and a replay is the same when the template has changed', async () => {
    const definition = {
      name: 'card-payment',
      parameters: [
        { name: 'amount', type: 'amount', currency: 'EUR' },
        { name: 'seller', type: 'string' },
      ],
      description: 'Paid to {seller}',
      entries: [
        { account: 'assets:bank', direction: 'debit', amount: '{amount}' },
        {
          direction: 'credit',
          split: 'amount',
          into: [
            { account: 'revenue:fees', percent: '2.9' },
            { account: 'liabilities:sellers:{seller}', amount: 'remainder' },
          ],
        },
      ],
    };
    const made = await send(`${path}/transaction-templates`, definition);
    expect(made.body).toMatchObject({ name: 'card-payment', version: 1 });
    const call = (parameters: unknown, key: string) =>
      app.request('POST', `${path}/transactions`, {
        token,
        headers: { 'idempotency-key': key },
        body: { template: { name: 'card-payment', parameters } },
      });
    const posted = await call({ amount: '100.01', seller: 'acme' }, 'tpl-1');
    expect([posted.status, posted.body]).toMatchObject([
      201,
      {
        description: 'Paid to acme',
        templateId: made.body.id,
        entries: [{ amount: '100.01' }, { account: 'revenue:fees', amount: '2.90' }, { amount: '97.11' }],
      },
    ]);
    expect((await send(`${path}/transaction-templates/card-payment/retire`, {})).status).toBeLessThan(300);
    const again = await call({ amount: '100.01', seller: 'acme' }, 'tpl-1');
    expect([again.status, again.headers.get('idempotent-replayed'), again.body]).toEqual([201, 'true', posted.body]);
    const late = await call({ amount: '100.01', seller: 'acme' }, 'tpl-2');
    expect([late.status, (late.body as { code: string }).code]).toEqual([422, 'transaction-template-retired']);
  });
});
