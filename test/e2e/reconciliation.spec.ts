import { startTestApp, type TestApp } from '../support/app';
import { createLedger, posting, type TestLedger } from '../support/ledger';

interface Line {
  readonly reference: string;
  readonly direction: 'debit' | 'credit';
  readonly amount: string;
}

const DAY = { currency: 'EUR', effectiveFrom: '2026-11-20T00:00:00Z', effectiveTo: '2026-11-21T00:00:00Z' };
const NOON = '2026-11-20T12:00:00Z';

let app: TestApp;
let token: string;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp();
  ({ token } = await app.createTenantWithOwner());
});
beforeEach(async () => {
  ledger = await createLedger(app, token);
});
afterAll(() => app.close());

/** Money that came into the bank account. @returns the id of the transaction */
async function receive(reference: string | undefined, amount: string, effectiveAt = NOON, more: object = {}) {
  const { status, body, text } = await app.request('POST', `${ledger.path}/transactions`, {
    token,
    body: { ...posting(amount, { debit: 'bank' }), ...(reference ? { reference } : {}), effectiveAt, ...more },
  });
  if (status !== 201) throw new Error(text);
  return (body as { id: string }).id;
}

const line = (reference: string, amount: string, direction: Line['direction'] = 'debit'): Line => ({
  reference,
  direction,
  amount,
});

const reconcile = async (body: object, account = 'bank') => {
  const answer = await app.request('POST', `${ledger.path}/accounts/${account}/reconcile`, {
    token,
    body: { ...DAY, ...body },
  });
  return { status: answer.status, body: answer.body as Record<string, unknown> };
};

describe('REL-12 an account is compared with a statement of it', () => {
  it('F23 a line that the ledger has not and a transaction that the statement has not are both told', async () => {
    await receive('a', '10.00');
    const extra = await receive('b', '20.00');
    const { status, body } = await reconcile({ lines: [line('a', '10.00'), line('c', '30.00')] });
    expect(status).toBe(200);
    expect(body).toEqual({
      accountId: ledger.accounts.get('bank'),
      account: 'bank',
      currency: 'EUR',
      effectiveFrom: '2026-11-20T00:00:00.000Z',
      effectiveTo: '2026-11-21T00:00:00.000Z',
      reconciled: false,
      matched: 1,
      missing: [{ reference: 'c', statement: '30.00', elsewhere: null }],
      extra: [{ transactionId: extra, reference: 'b', ledger: '20.00', effectiveAt: '2026-11-20T12:00:00.000Z' }],
      different: [],
      closing: null,
    });
  });

  it('says so when both are the same, to the cent and in any order', async () => {
    await receive('a', '10.00');
    const b = await receive('b', '20.00');
    const part = await app.request('POST', `${ledger.path}/transactions/${b}/reverse`, {
      token,
      body: { amount: '5.00', reference: 'b back', effectiveAt: NOON },
    });
    expect(part.status).toBe(201);
    const lines = [line('b back', '5.00', 'credit'), line('b', '12.00'), line('b', '8.00'), line('a', '10.00')];
    const { body } = await reconcile({ lines, closingBalance: '25.00' });
    expect(body).toMatchObject({ reconciled: true, matched: 3, missing: [], extra: [], different: [] });
    expect(body.closing).toEqual({ statement: '25.00', ledger: '25.00', difference: '0.00' });
  });

  it('tells another amount, the other side, and a balance that is not the same', async () => {
    const a = await receive('a', '10.00');
    const b = await receive('b', '20.00');
    const lines = [line('a', '10.01'), line('b', '20.00', 'credit')];
    const { body } = await reconcile({ lines, closingBalance: '-9.99' });
    const effectiveAt = '2026-11-20T12:00:00.000Z';
    expect(body).toMatchObject({
      reconciled: false,
      matched: 0,
      different: [
        { transactionId: a, reference: 'a', ledger: '10.00', statement: '10.01', effectiveAt },
        { transactionId: b, reference: 'b', ledger: '20.00', statement: '-20.00', effectiveAt },
      ],
      closing: { statement: '-9.99', ledger: '30.00', difference: '-39.99' },
    });
    // equal lines and another balance are not the same either
    const same = { lines: [line('a', '10.00'), line('b', '20.00')], closingBalance: '30.01' };
    expect((await reconcile(same)).body).toMatchObject({ reconciled: false, matched: 2, different: [] });
  });

  it('compares the time that it was asked for, and says where a missing one is', async () => {
    await receive('first moment', '1.00', '2026-11-20T00:00:00Z');
    const late = await receive('late', '2.00', '2026-11-21T00:00:00Z');
    await receive('early', '4.00', '2026-11-19T23:59:59.999Z');
    const lines = [line('first moment', '1.00'), line('late', '2.00')];
    const { body } = await reconcile({ lines, closingBalance: '5.00' });
    expect(body).toMatchObject({
      reconciled: false,
      matched: 1,
      missing: [
        {
          reference: 'late',
          statement: '2.00',
          elsewhere: { transactionId: late, effectiveAt: '2026-11-21T00:00:00.000Z' },
        },
      ],
      extra: [],
      closing: { difference: '0.00' },
    });
  });

  it('looks at what was posted to this account in this currency, holds not before they are captured', async () => {
    const hold = await receive('reserved', '7.00', NOON, { status: 'pending' });
    await receive('dollars', '3.00', NOON, posting('3.00', { debit: 'bank', currency: 'USD' }));
    await receive('elsewhere', '9.00', NOON, posting('9.00', { debit: 'cash' }));
    const nameless = await receive(undefined, '2.00');
    expect((await reconcile({ lines: [] })).body).toMatchObject({
      matched: 0,
      missing: [],
      extra: [{ transactionId: nameless, reference: null, ledger: '2.00' }],
    });
    const captured = await app.request('POST', `${ledger.path}/transactions/${hold}/capture`, {
      token,
      body: { reference: 'taken', effectiveAt: NOON },
    });
    expect(captured.status).toBe(201);
    expect((await reconcile({ lines: [line('taken', '7.00')] })).body).toMatchObject({ matched: 1, missing: [] });
    // the other side of the same transactions
    const sales = await reconcile({ lines: [line('taken', '7.00', 'credit')], closingBalance: '18.00' }, 'sales');
    expect(sales.body).toMatchObject({ matched: 1, closing: { ledger: '18.00', difference: '0.00' } });
  });

  it.each([
    [
      'a line more precise than the currency',
      { lines: [line('a', '1.001')] },
      422,
      'amount-precision',
      '/lines/0/amount',
    ],
    ['such a balance', { lines: [], closingBalance: '0.001' }, 422, 'amount-precision', '/closingBalance'],
    ['an unknown currency', { lines: [], currency: 'XQZ' }, 422, 'unknown-currency', '/currency'],
    ['an empty time', { lines: [], effectiveTo: DAY.effectiveFrom }, 400, 'validation-failed', '/effectiveTo'],
    ['no side', { lines: [{ reference: 'a', amount: '1.00' }] }, 400, 'validation-failed', '/lines/0/direction'],
    ['no reference', { lines: [line('', '1.00')] }, 400, 'validation-failed', '/lines/0/reference'],
    ['a sign', { lines: [line('a', '-1.00')] }, 400, 'validation-failed', '/lines/0/amount'],
    ['no lines', {}, 400, 'validation-failed', '/lines'],
    ['too many', { lines: Array.from({ length: 5_001 }, () => line('a', '1')) }, 400, 'validation-failed', '/lines'],
  ])('refuses %s', async (_what, body, status, code, pointer) => {
    const answer = await reconcile(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((answer.body.errors as { pointer: string }[]).map((one) => one.pointer)).toContain(pointer);
  });

  it('takes 5,000 lines, and no account that is not there', async () => {
    await receive('line 17', '0.17');
    const lines = Array.from({ length: 5_000 }, (_, index) =>
      line(`line ${index}`, `0.${String(index % 100).padStart(2, '0')}`),
    );
    const { status, body } = await reconcile({ lines });
    expect([status, body.matched, (body.missing as unknown[]).length]).toEqual([200, 1, 4_999]);
    expect((await reconcile({ lines: [] }, 'nowhere')).body).toMatchObject({ status: 404, code: 'account-not-found' });
  });
});
