import { startTestApp, type TestApp } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';

type Body = Record<string, never> & {
  id: string;
  code: string;
  status: string;
  kind: string;
  children: { id: string; kind: string }[];
  entries: { kind: string; direction: string; amount: string; remaining: string | null; account: string }[];
  balances: { account: string; posted: string; available: string; expected: string; version: number }[];
};

let app: TestApp;
let token: string;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp();
  ({ token } = await app.createTenantWithOwner());
  ledger = await createLedger(app, token);
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await app.close();
});

const post = async (path: string, body: unknown = {}) => {
  const answer = await app.request('POST', `${ledger.path}/transactions${path}`, { token, body });
  return { status: answer.status, body: answer.body as Body, headers: answer.headers };
};
const get = async (id: string) =>
  (await app.request('GET', `${ledger.path}/transactions/${id}`, { token })).body as Body;
const hold = (amount: string, more: Record<string, unknown> = {}) =>
  post('', { ...posting(amount), status: 'pending', ...more });

describe('a hold', () => {
  it('reserves, is captured in parts, and what is left is voided', async () => {
    const held = await post('?balances=true', { ...posting('100.00'), status: 'pending' });
    expect([held.status, held.body.kind, held.body.status]).toEqual([201, 'hold', 'pending']);
    expect(held.body.balances.map(({ posted, available, expected }) => [posted, available, expected])).toEqual([
      ['0.00', '0.00', '100.00'],
      ['0.00', '0.00', '100.00'],
    ]);
    const captured = await post(`/${held.body.id}/capture`, { amount: '30.00' });
    expect([captured.status, captured.body.kind, captured.body.status]).toEqual([201, 'capture', 'posted']);
    expect(captured.body.entries.map(({ kind, direction, amount }) => [kind, direction, amount])).toEqual([
      ['captured', 'debit', '30.00'],
      ['captured', 'credit', '30.00'],
      ['released', 'debit', '30.00'],
      ['released', 'credit', '30.00'],
    ]);
    expect((await get(held.body.id)).entries.map(({ remaining }) => remaining)).toEqual(['70.00', '70.00']);
    const more = await post(`/${held.body.id}/capture`, { amount: '70.01' });
    expect([more.status, more.body.code]).toEqual([422, 'exceeds-remaining']);
    const voided = await post(`/${held.body.id}/void`);
    expect([voided.status, voided.body.kind, voided.body.status]).toEqual([201, 'void', 'voided']);
    const after = await get(held.body.id);
    expect([after.status, after.children.map(({ kind }) => kind)]).toEqual(['voided', ['capture', 'void']]);
    const late = await post(`/${held.body.id}/capture`);
    expect([late.status, late.body.code]).toEqual([422, 'hold-not-pending']);
  });

  it('REL-06 F12 of 50 captures and voids at once exactly one comes about', async () => {
    const { body } = await hold('10.00');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => post(`/${body.id}/${n % 2 === 0 ? 'capture' : 'void'}`)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 201).map((answer) => answer.body.code))).toEqual(
      new Set(['hold-not-pending']),
    );
    expect((await get(body.id)).children).toHaveLength(1);
  });

  it('REL-07 a posting is reversed in parts, never more than it was', async () => {
    const { body: original } = await post('', posting('10.00'));
    const part = await post(`/${original.id}/reverse`, { amount: '4.00' });
    expect([part.status, part.body.kind]).toEqual([201, 'reversal']);
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(`/${original.id}/reverse`)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const after = await get(original.id);
    expect([after.status, after.children.length]).toEqual(['reversed', 2]);
  });
});
