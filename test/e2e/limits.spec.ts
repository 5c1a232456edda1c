import { startTestApp, type TestAnswer, type TestApp } from '../support/app';
import { createLedger, faultsInBooks, fingerprintOfTables, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

interface Balance {
  readonly account: string;
  readonly posted: string;
  readonly available: string;
  readonly expected: string;
  readonly version: number;
}

let app: TestApp;
let second: TestApp;
let token: string;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp();
  second = await startTestApp({}, app);
  ({ token } = await app.createTenantWithOwner());
  ledger = await createLedger(app, token);
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await second.close();
  await app.close();
});

const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>, through = app) =>
  through.request(method, `${ledger.path}${path}`, {
    token,
    ...(body === undefined ? {} : { body }),
    ...(headers && { headers }),
  });
const post = (body: unknown, query = '', through = app) =>
  ask('POST', `/transactions${query}`, body, undefined, through);
const codeOf = ({ status, body }: TestAnswer) => (status < 300 ? status : (body as { code: string }).code);
const idOf = ({ body }: TestAnswer) => (body as { id: string }).id;
const balanceOf = ({ body }: TestAnswer, account: string) =>
  (body as { balances: Balance[] }).balances.find((one) => one.account === account) as Balance;

let names = 0;
/** A wallet: a liability, so that debits spend and credits fill it. With `funds` in it. */
async function wallet(limits: Record<string, unknown> = {}, funds?: string): Promise<string> {
  const code = `wallet ${(names += 1)}`;
  const account = { code, type: 'liability', limits: [{ currency: 'EUR', ...limits }] };
  expect((await ask('POST', '/accounts', account)).status).toBe(201);
  if (funds) expect(codeOf(await post(fill(code, funds)))).toBe(201);
  return code;
}
const spend = (account: string, amount: string) => posting(amount, { debit: account, credit: 'sales' });
const fill = (account: string, amount: string) => posting(amount, { debit: 'cash', credit: account });
const held = (body: ReturnType<typeof posting>, more = {}) => ({ ...body, status: 'pending', ...more });
const patch = (account: string, change: unknown) =>
  ask('PATCH', `/accounts/${encodeURIComponent(account)}`, change, { 'if-match': '*' });
const settle = (id: string, how: string, body: unknown = {}, query = '') =>
  ask('POST', `/transactions/${id}/${how}${query}`, body);

/** How often each answer was given. */
function counted(answers: readonly TestAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[codeOf(answer)] = (counts[codeOf(answer)] ?? 0) + 1;
  return counts;
}

describe('a balance’s bounds', () => {
  it('REL-04 F16 of 200 spends of a full balance at once, through two processes, exactly the affordable ones win', async () => {
    const account = await wallet({ minimumAvailable: '0.00' }, '50.00');
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => post(spend(account, '1.00'), '?balances=true', n % 2 ? app : second)),
    );
    expect(counted(answers)).toEqual({ 201: 50, 'insufficient-funds': 150 });
    const left = answers.filter(({ status }) => status === 201).map((answer) => balanceOf(answer, account).available);
    expect(left.map(Number).sort((a, b) => b - a)).toEqual(Array.from({ length: 50 }, (_, n) => 49 - n));
  });

  it('REL-04 of holds and spends together no more than there is, whatever their sizes', async () => {
    const account = await wallet({ minimumAvailable: '-10.00' }, '40.00');
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, n) => {
        const body = spend(account, `${1 + (n % 7)}.00`);
        return post(n % 3 ? body : held(body), '?balances=true', n % 2 ? app : second);
      }),
    );
    const available = answers
      .filter(({ status }) => status === 201)
      .map((one) => Number(balanceOf(one, account).available));
    expect(Math.min(...available)).toBe(-10);
    expect(Object.keys(counted(answers)).sort()).toEqual(['201', 'insufficient-funds']);
  });

  it('a maximum counts incoming holds; leaving is always possible', async () => {
    const account = await wallet({ maximumAvailable: '100.00' });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const body = fill(account, '5.00');
        return post(n % 2 ? body : held(body), '', n % 2 ? app : second);
      }),
    );
    expect(counted(answers)).toEqual({ 201: 20, 'balance-limit-exceeded': 40 });
    expect(codeOf(await post(fill(account, '0.01')))).toBe('balance-limit-exceeded');
    const hold = answers.find((one) => one.status === 201 && (one.body as { kind: string }).kind === 'hold');
    if (hold) {
      expect(codeOf(await settle(idOf(hold), 'void'))).toBe(201);
      expect(codeOf(await post(fill(account, '5.00')))).toBe(201);
    }
    expect(codeOf(await patch(account, { limits: [{ currency: 'EUR', maximumAvailable: '1.00' }] }))).toBe(200);
    // out of bounds since the limit came: it may move back, and no further out
    expect(codeOf(await post(spend(account, '1.00')))).toBe(201);
    expect(codeOf(await post(fill(account, '1.00')))).toBe('balance-limit-exceeded');
  });

  it('a credit line counts from its first moment to its last', async () => {
    const line = (from: number, to: number) => ({
      minimumAvailable: '0.00',
      creditLine: {
        ...{ amount: '10.00', from: new Date(from).toISOString() },
        until: new Date(to).toISOString(),
      },
    });
    const now = Date.now();
    const account = await wallet(line(now + 1_000, now + 2_000));
    expect(codeOf(await post(spend(account, '4.00')))).toBe('insufficient-funds');
    const before = Date.now();
    const first = await until('the line is open', async () => {
      const answer = await post(spend(account, '4.00'));
      return answer.status === 201 && answer;
    });
    expect(Date.parse((first.body as { createdAt: string }).createdAt)).toBeGreaterThanOrEqual(now + 1_000);
    expect(before).toBeLessThan(now + 1_000);
    expect(codeOf(await post(spend(account, '6.01')))).toBe('insufficient-funds');
    let last = first;
    await until('the line is closed', async () => {
      const answer = await post(spend(account, '0.01'));
      if (answer.status === 201) last = answer;
      else expect(codeOf(answer)).toBe('insufficient-funds');
      return answer.status !== 201;
    });
    expect(Date.parse((last.body as { createdAt: string }).createdAt)).toBeLessThan(now + 2_000);
    // below its lowest now: it may be filled
    expect(codeOf(await post(fill(account, '1.00')))).toBe(201);
  });
});

describe('velocity', () => {
  it('REL-04 allows so much in any window, holds included, over two processes', async () => {
    const account = await wallet({ velocity: [{ direction: 'debit', window: 'PT1H', amount: '30.00' }] });
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, n) => {
        const body = spend(account, '1.00');
        return post(n % 2 ? body : held(body), '', n % 2 ? app : second);
      }),
    );
    expect(counted(answers)).toEqual({ 201: 30, 'velocity-limit-exceeded': 50 });
    // the other direction is free; what was taken back or let go does not count less
    expect(codeOf(await post(fill(account, '500.00')))).toBe(201);
    for (const one of answers.filter(({ status }) => status === 201).slice(0, 6)) {
      const how = (one.body as { kind: string }).kind === 'hold' ? 'void' : 'reverse';
      expect(codeOf(await settle(idOf(one), how))).toBe(201);
    }
    expect(codeOf(await post(spend(account, '0.01')))).toBe('velocity-limit-exceeded');
  });

  it('counts entries, not captures, and an account named by its id in capitals is the same', async () => {
    const account = await wallet({ velocity: [{ direction: 'debit', window: 'PT1H', count: 2 }] });
    const hold = await post(held(spend(account, '5.00')));
    expect(codeOf(await settle(idOf(hold), 'capture', { amount: '1.00' }))).toBe(201);
    expect(codeOf(await settle(idOf(hold), 'capture', { amount: '1.00' }))).toBe(201);
    const { accountId } = (hold.body as { entries: [{ accountId: string }] }).entries[0];
    expect(codeOf(await post(spend(accountId.toUpperCase(), '5.00')))).toBe(201);
    expect(codeOf(await post(spend(accountId.toUpperCase(), '5.00')))).toBe('velocity-limit-exceeded');
    const twice = [...spend(account, '1.00').entries, ...spend(account, '1.00').entries];
    expect(codeOf(await post({ entries: twice }))).toBe('velocity-limit-exceeded');
  });

  it('gives room again when entries have left the window', async () => {
    const account = await wallet({ velocity: [{ direction: 'credit', window: 'PT2S', amount: '5.00', count: 1 }] });
    const first = await post(fill(account, '5.00'));
    expect(codeOf(await post(fill(account, '0.01')))).toBe('velocity-limit-exceeded');
    const next = await until('there is room again', async () => {
      const answer = await post(fill(account, '5.00'));
      return answer.status === 201 && answer;
    });
    const [one, other] = [first, next].map(({ body }) => Date.parse((body as { createdAt: string }).createdAt));
    expect((other as number) - (one as number)).toBeGreaterThanOrEqual(2_000);
    expect((other as number) - (one as number)).toBeLessThan(8_000);
  });
});

describe('an account that is frozen or closed', () => {
  it.each([
    ['debit', 'account-frozen', 201],
    ['credit', 201, 'account-frozen'],
    ['both', 'account-frozen', 'account-frozen'],
  ])('frozen for %s: spends %s, fills %s, holds alike', async (frozen, spends, fills) => {
    const account = await wallet({}, '10.00');
    expect(codeOf(await patch(account, { frozen }))).toBe(200);
    for (const more of [{}, { status: 'pending' }]) {
      expect(codeOf(await post({ ...spend(account, '1.00'), ...more }))).toBe(spends);
      expect(codeOf(await post({ ...fill(account, '1.00'), ...more }))).toBe(fills);
    }
    await patch(account, { frozen: null });
    expect(codeOf(await post(spend(account, '1.00')))).toBe(201);
  });

  it('closed: nothing, until it is open again', async () => {
    const account = await wallet({}, '10.00');
    expect(codeOf(await patch(account, { status: 'closed' }))).toBe(200);
    for (const body of [spend(account, '1.00'), fill(account, '1.00'), held(fill(account, '1.00'))])
      expect(codeOf(await post(body))).toBe('account-closed');
    await patch(account, { status: 'open' });
    expect(codeOf(await post(spend(account, '1.00')))).toBe(201);
  });

  it('REL-04 limits that change under traffic count for every command that is sent after the answer', async () => {
    const account = await wallet();
    let over = false;
    const seen: { began: number; ended: number; code: string | number }[] = [];
    const client = async (through: TestApp) => {
      while (!over) {
        const began = performance.now();
        const code = codeOf(await post(spend(account, '1.00'), '', through));
        seen.push({ began, ended: performance.now(), code });
      }
    };
    const clients = [app, second, app, second].map(client);
    const changes: { at: number; done: number; expected: string | number }[] = [];
    for (const [change, expected] of [
      [{ limits: [{ currency: 'EUR', minimumAvailable: '0.00' }] }, 'insufficient-funds'],
      [{ limits: [] }, 201],
      [{ frozen: 'debit' }, 'account-frozen'],
      [{ frozen: null }, 201],
      [{ status: 'closed' }, 'account-closed'],
      [{ status: 'open' }, 201],
    ] as const) {
      const enough = seen.length + 12;
      await until('traffic goes on', () => seen.length > enough);
      const at = performance.now();
      expect((await patch(account, change)).status).toBe(200);
      changes.push({ at, done: performance.now(), expected });
    }
    const enough = seen.length + 12;
    await until('traffic goes on', () => seen.length > enough);
    over = true;
    await Promise.all(clients);
    for (const { began, ended, code } of seen) {
      const last = changes.filter(({ done }) => done <= began).at(-1)?.expected ?? 201;
      const meanwhile = changes.filter(({ at, done }) => done > began && at < ended).map(({ expected }) => expected);
      expect([last, ...meanwhile]).toContain(code);
    }
  });
});

describe('conditions of an entry', () => {
  const when = (body: ReturnType<typeof posting>, condition: Record<string, unknown>) => ({
    ...body,
    entries: [{ ...body.entries[0], ...condition }, body.entries[1]],
  });

  it('ifVersion: of many who saw the same balance one wins', async () => {
    const account = await wallet();
    for (const ifVersion of [0, 1, 2]) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          post(when(spend(account, '1.00'), { ifVersion }), '', n % 2 ? app : second),
        ),
      );
      expect(counted(answers)).toEqual({ 201: 1, 'condition-failed': 19 });
    }
    const [refused] = [await post(when(spend(account, '1.00'), { ifVersion: 7 }))];
    expect((refused.body as { errors: unknown }).errors).toEqual([
      { pointer: '/entries/0/ifVersion', detail: 'The balance is at version 3.' },
    ]);
  });

  it('ifAvailableAtLeast and ifAvailableAtMost: of the balance after it, holds counted', async () => {
    const account = await wallet({}, '10.00');
    await post(held(spend(account, '4.00')));
    expect(codeOf(await post(when(spend(account, '2.00'), { ifAvailableAtLeast: '4.01' })))).toBe('condition-failed');
    expect(codeOf(await post(when(spend(account, '2.00'), { ifAvailableAtLeast: '4.00' })))).toBe(201);
    expect(codeOf(await post(when(spend(account, '2.00'), { ifAvailableAtMost: '1.99' })))).toBe('condition-failed');
    expect(codeOf(await post(when(spend(account, '2.00'), { ifAvailableAtMost: '2.00' })))).toBe(201);
    expect(codeOf(await post(when(spend(account, '2.01'), { ifAvailableAtLeast: '-0.01' })))).toBe(201);
    expect(codeOf(await post(when(spend(account, '2.01'), { ifAvailableAtLeast: '0.001' })))).toBe('amount-precision');
  });
});

describe('accounts on first use', () => {
  let open: TestLedger;
  beforeAll(async () => {
    const { body } = await app.request('POST', '/v1/ledgers', {
      token,
      body: { name: 'Open', unknownAccounts: 'created' },
    });
    const { id } = body as { id: string };
    open = { id, path: `/v1/ledgers/${id}`, accounts: new Map() };
  });
  const postOpen = (debit: string, credit: string, through = app, query = '') =>
    through.request('POST', `${open.path}/transactions${query}`, { token, body: posting('1.00', { debit, credit }) });

  it('of many first uses at once, through two processes, one makes the account', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => postOpen('assets:till', `revenue:shop:${n % 4}`, n % 2 ? app : second)),
    );
    expect(counted(answers)).toEqual({ 201: 40 });
    const { body } = await app.request('GET', `${open.path}/accounts`, { token });
    expect((body as { items: { code: string; type: string }[] }).items.map(({ code, type }) => [code, type])).toEqual([
      ['assets:till', 'asset'],
      ...[0, 1, 2, 3].map((n) => [`revenue:shop:${n}`, 'revenue']),
    ]);
  });

  it('a refused posting makes nothing, nor does one to a strict ledger', async () => {
    const tables = ['accounts', 'balances', 'transactions', 'entries', 'currencies', 'ledger_heads'];
    const before = await fingerprintOfTables(app, tables);
    expect(codeOf(await postOpen('assets:fresh', 'no such type:x'))).toBe('unknown-account');
    const unbalanced = posting('1.00', { debit: 'assets:fresh', credit: 'revenue:fresh', currency: 'SEK' });
    (unbalanced.entries[0] as { amount: string }).amount = '2.00';
    const refused = await app.request('POST', `${open.path}/transactions`, { token, body: unbalanced });
    expect(codeOf(refused)).toBe('unbalanced');
    expect(codeOf(await postOpen('assets:fresh', 'revenue:fresh', app, '?dryRun=true'))).toBe(200);
    expect(codeOf(await post(posting('1.00', { debit: 'assets:fresh', credit: 'sales' })))).toBe('unknown-account');
    expect(await fingerprintOfTables(app, tables)).toEqual(before);
  });
});

describe('a dry run', () => {
  /** All but what cannot be known before. */
  const comparable = ({ body }: TestAnswer) =>
    Object.fromEntries(
      Object.entries(body as object).filter(([name]) => !['id', 'hash', 'createdAt', 'traceId'].includes(name)),
    );

  it('gives the exact answer, balances included, and changes nothing', async () => {
    const account = await wallet({ minimumAvailable: '0.00' }, '100.00');
    const effectiveAt = '2026-11-21T10:15:00.000Z';
    const hold = await post(held(spend(account, '30.00')));
    const original = await post(spend(account, '10.00'));
    for (const [path, body] of [
      ['', { ...spend(account, '5.00'), effectiveAt, reference: 'dry', metadata: { b: 1, a: 2 } }],
      ['', { ...held(spend(account, '5.00')), effectiveAt, expiresAt: '2126-01-01T00:00:00Z' }],
      ['', { ...spend(account, '500.00'), effectiveAt }],
      ['', { ...spend('nobody', '5.00'), effectiveAt }],
      [`/${idOf(hold)}/capture`, { amount: '7.00', effectiveAt }],
      [`/${idOf(hold)}/capture`, { amount: '7000.00', effectiveAt }],
      [`/${idOf(hold)}/void`, { effectiveAt }],
      [`/${idOf(hold)}/void`, { effectiveAt }],
      [`/${idOf(original)}/reverse`, { amount: '3.00', effectiveAt }],
      [`/${idOf(original)}/reverse`, { effectiveAt }],
      [`/${idOf(original)}/reverse`, { effectiveAt }],
    ] as const) {
      const before = await fingerprintOfTables(app);
      const dry = await ask('POST', `/transactions${path}?dryRun=true&balances=true`, body, { 'idempotency-key': '' });
      expect(await fingerprintOfTables(app)).toEqual(before);
      const real = await ask('POST', `/transactions${path}?balances=true`, body);
      expect([path, dry.status, comparable(dry)]).toEqual([
        path,
        real.status === 201 ? 200 : real.status,
        comparable(real),
      ]);
      expect(dry.headers.get('location')).toBeNull();
    }
  });
});

describe('balances=true', () => {
  it('REL-05 answers balances, and the same ones to a retry, whatever became of them since and whatever the account is called', async () => {
    expect((await ask('POST', '/accounts', { code: '5n', type: 'asset' })).status).toBe(201);
    const body = posting('1.00', { debit: '5n' });
    const key = { 'idempotency-key': 'with-balances' };
    const first = await ask('POST', '/transactions?balances=true', body, key);
    expect(balanceOf(first, '5n')).toMatchObject({ posted: '1.00', available: '1.00', expected: '1.00', version: 1 });
    await post(body);
    const again = await ask('POST', '/transactions?balances=true', body, key, second);
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([201, first.text, 'true']);
    // without them it is another request
    expect(codeOf(await ask('POST', '/transactions', body, key))).toBe('idempotency-key-reused');
  });
});
