import { startTestApp, type TestApp } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

type Body = Record<string, never> & {
  id: string;
  parentId: string | null;
  createdAt: string;
  createdBy: string;
  effectiveAt: string;
  code: string;
  status: string;
  kind: string;
  children: { id: string; kind: string }[];
  entries: { kind: string; direction: string; amount: string; remaining: string | null; account: string }[];
  balances: { account: string; posted: string; available: string; expected: string; version: number }[];
};

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

const post = async (path: string, body: unknown = {}, through = app) => {
  const answer = await through.request('POST', `${ledger.path}/transactions${path}`, { token, body });
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

const codeOf = ({ status, body }: { status: number; body: Body }) => (status < 300 ? status : body.code);
const amounts = ({ entries }: Body, kind: string) =>
  entries.filter((one) => one.kind === kind).map(({ amount }) => amount);
const left = async (id: string) => (await get(id)).entries.map(({ remaining }) => remaining);
const entry = (account: string, direction: string, amount: string, currency = 'EUR') => ({
  ...{ account, direction, amount, currency },
});

describe('a capture', () => {
  it('REL-06 of a part: of many at once, through two processes, no more than was held', async () => {
    const { body } = await hold('100.00');
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => post(`/${body.id}/capture`, { amount: '3.00' }, n % 2 ? app : second)),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(codeOf)).toEqual(Array(60 - 33).fill('exceeds-remaining'));
    expect(await left(body.id)).toEqual(['1.00', '1.00']);
    expect(codeOf(await post(`/${body.id}/capture`, { amount: '1.00' }))).toBe(201);
    expect([(await get(body.id)).status, codeOf(await post(`/${body.id}/capture`))]).toEqual([
      'posted',
      'hold-not-pending',
    ]);
  });

  it('that releases the rest frees it in the same moment', async () => {
    const { body } = await hold('50.00', {
      entries: [entry('bank', 'debit', '50.00'), entry('loans', 'credit', '50.00')],
    });
    const captured = await post(`/${body.id}/capture?balances=true`, { amount: '20.00', releaseRest: true });
    expect([amounts(captured.body, 'captured'), amounts(captured.body, 'released')]).toEqual([
      ['20.00', '20.00'],
      ['50.00', '50.00'],
    ]);
    expect(captured.body.balances.map(({ posted, available, expected }) => [posted, available, expected])).toEqual(
      Array(2).fill(['20.00', '20.00', '20.00']),
    );
    expect([(await get(body.id)).status, await left(body.id)]).toEqual(['posted', ['0.00', '0.00']]);
  });

  it('REL-11 of an amount is shared by largest remainder, and the parts sum to the whole', async () => {
    const { body } = await hold('', {
      entries: [
        entry('cash', 'debit', '10.00'),
        ...[entry('sales', 'credit', '3.33'), entry('rent', 'credit', '3.33'), entry('loans', 'credit', '3.34')],
      ],
    });
    // of 1.00: 0.333, 0.333 and 0.334; then of 0.05: what is left counts
    for (const [amount, shares] of [
      ['1.00', ['1.00', '0.33', '0.33', '0.34']],
      ['0.05', ['0.05', '0.02', '0.02', '0.01']],
      ['0.01', ['0.01', '0.01']],
    ] as const) {
      const captured = await post(`/${body.id}/capture`, { amount });
      expect([amount, captured.status, amounts(captured.body, 'captured')]).toEqual([amount, 201, shares]);
    }
    const rest = await post(`/${body.id}/capture`);
    const [debit, ...credits] = amounts(rest.body, 'captured').map((amount) => Math.round(Number(amount) * 100));
    expect([debit, credits.reduce((sum, amount) => sum + amount, 0)]).toEqual([894, 894]);
    expect(await left(body.id)).toEqual(['0.00', '0.00', '0.00', '0.00']);
  });

  it('REL-08 of several currencies is said by entries, and by amount once one is left', async () => {
    const { body } = await hold('', {
      entries: [
        ...[entry('cash', 'debit', '6.00'), entry('cash', 'debit', '4.00'), entry('sales', 'credit', '10.00')],
        ...[entry('bank', 'debit', '700', 'JPY'), entry('capital', 'credit', '700', 'JPY')],
      ],
    });
    const capture = (request: unknown) => post(`/${body.id}/capture`, request);
    expect(codeOf(await capture({ amount: '1.00' }))).toBe('several-currencies');
    const yen = (amount: string) => [entry('bank', 'debit', amount, 'JPY'), entry('capital', 'credit', amount, 'JPY')];
    expect(codeOf(await capture({ entries: yen('701') }))).toBe('exceeds-remaining');
    expect(codeOf(await capture({ entries: [...yen('1'), entry('cash', 'debit', '1.00')] }))).toBe('unbalanced');
    expect(codeOf(await capture({ entries: [entry('rent', 'debit', '1.00'), entry('sales', 'credit', '1.00')] }))).toBe(
      'exceeds-remaining',
    );
    // more than the first of its two entries: the second gives the rest
    const both = [entry('cash', 'debit', '7.00'), entry('sales', 'credit', '7.00')];
    const captured = await capture({ entries: [...both, ...yen('700')] });
    expect([captured.status, amounts(captured.body, 'captured')]).toEqual([
      201,
      ['6.00', '1.00', '7.00', '700', '700'],
    ]);
    expect(await left(body.id)).toEqual(['0.00', '3.00', '3.00', '0', '0']);
    expect(codeOf(await capture({ amount: '3.01' }))).toBe('exceeds-remaining');
    expect(codeOf(await capture({ amount: '3.00' }))).toBe(201);
    expect((await get(body.id)).status).toBe('posted');
  });

  it('of a frozen or closed account is refused; a void is not', async () => {
    const patch = (change: unknown) =>
      app.request('PATCH', `${ledger.path}/accounts/bank`, { token, body: change, headers: { 'if-match': '*' } });
    const entries = [entry('bank', 'debit', '5.00'), entry('loans', 'credit', '5.00')];
    const holds = [await hold('', { entries }), await hold('', { entries })];
    await patch({ frozen: 'debit' });
    expect(codeOf(await post(`/${holds[0]?.body.id}/capture`))).toBe('account-frozen');
    expect(codeOf(await post(`/${holds[0]?.body.id}/void`))).toBe(201);
    await patch({ frozen: null, status: 'closed' });
    expect(codeOf(await post(`/${holds[1]?.body.id}/capture`, { amount: '1.00' }))).toBe('account-closed');
    expect(codeOf(await post(`/${holds[1]?.body.id}/void`))).toBe(201);
    await patch({ status: 'open' });
  });

  it('is of a hold of this ledger, and of nothing else', async () => {
    const { body: posted } = await post('', posting('1.00'));
    for (const how of ['capture', 'void']) expect(codeOf(await post(`/${posted.id}/${how}`))).toBe('not-a-hold');
    const other = await createLedger(app, token);
    const { body } = await hold('1.00');
    for (const how of ['capture', 'void', 'reverse']) {
      const path = `${other.path}/transactions/${body.id}/${how}`;
      const answer = await app.request('POST', path, { token, body: {} });
      expect([answer.status, (answer.body as Body).code]).toEqual([404, 'transaction-not-found']);
    }
  });
});

describe('a hold that expires', () => {
  it('REL-06 ends on its second: captures until then, none after; what it reserved is free in the next batch, without any job', async () => {
    const limits = [{ currency: 'EUR', minimumAvailable: '0.00' }];
    await app.request('POST', `${ledger.path}/accounts`, { token, body: { code: 'purse', type: 'asset', limits } });
    await post('', posting('10.00', { debit: 'purse' }));
    const end = Date.now() + 1_000;
    const spend = (amount: string) => posting(amount, { debit: 'rent', credit: 'purse' });
    const { body } = await post('', { ...spend('10.00'), status: 'pending', expiresAt: new Date(end).toISOString() });
    const captured: string[] = [];
    for (let over = false; !over;) {
      const began = Date.now();
      const answer = await post(`/${body.id}/capture`, { amount: '0.01' }, captured.length % 2 ? app : second);
      if (answer.status === 201) captured.push(answer.body.createdAt);
      else expect([codeOf(answer), Date.now() >= end]).toEqual(['hold-not-pending', true]);
      over = answer.status !== 201;
      if (!over) expect(began).toBeLessThan(end);
    }
    expect(captured.length).toBeGreaterThan(0);
    expect(Math.max(...captured.map((at) => Date.parse(at)))).toBeLessThan(end);
    const after = await get(body.id);
    expect([after.status, after.children.at(-1)?.kind, new Set(await left(body.id))]).toEqual([
      ...['expired', 'expiry'],
      new Set(['0.00']),
    ]);
    const expiry = await get(after.children.at(-1)?.id ?? '');
    expect([expiry.kind, expiry.effectiveAt, expiry.createdBy]).toEqual([
      ...['expiry', new Date(end).toISOString(), '00000000-0000-0000-0000-000000000000'],
    ]);
    expect(codeOf(await post(`/${body.id}/void`))).toBe('hold-not-pending');
  });

  it('reads as expired at once, and frees its balance for the first who asks, though nobody has recorded it', async () => {
    const end = Date.now() + 1_000;
    const spend = (amount: string) => posting(amount, { debit: 'rent', credit: 'purse' });
    const rest = (await post('?dryRun=true&balances=true', spend('0.01'))).body.balances.find(
      (one) => one.account === 'purse',
    );
    const all = (Number(rest?.available) + 0.01).toFixed(2);
    const { body } = await post('', { ...spend(all), status: 'pending', expiresAt: new Date(end).toISOString() });
    expect(codeOf(await post('', spend('0.01')))).toBe('insufficient-funds');
    await until('its time has come', () => Date.now() > end);
    const read = await get(body.id);
    expect([read.status, read.children, await left(body.id)]).toEqual(['expired', [], ['0.00', '0.00']]);
    const spent = await post('?balances=true', spend(all), second);
    expect([spent.status, spent.body.balances.find((one) => one.account === 'purse')?.available]).toEqual([
      201,
      '0.00',
    ]);
    expect((await get(body.id)).children.map(({ kind }) => kind)).toEqual(['expiry']);
  });

  it('is not made when it would have ended already', async () => {
    const past = await hold('1.00', { expiresAt: new Date(Date.now() - 1).toISOString() });
    expect(codeOf(past)).toBe('expiry-passed');
  });
});

describe('a reversal', () => {
  it('REL-07 of parts: of many at once, through two processes, no more than the original', async () => {
    const { body } = await post('', posting('10.00'));
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => post(`/${body.id}/reverse`, { amount: '3.00' }, n % 2 ? app : second)),
    );
    expect(answers.filter(({ status }) => status !== 201).map(codeOf)).toEqual(Array(27).fill('exceeds-remaining'));
    expect([(await get(body.id)).status, await left(body.id)]).toEqual(['posted', ['1.00', '1.00']]);
    expect(codeOf(await post(`/${body.id}/reverse`))).toBe(201);
    const after = await get(body.id);
    expect([after.status, after.children.length]).toEqual(['reversed', 4]);
    for (const { id } of after.children) expect((await get(id)).parentId).toBe(body.id);
    expect(codeOf(await post(`/${body.id}/reverse`))).toBe('already-reversed');
  });

  it('REL-07 of a capture takes back what it posted, not what it released', async () => {
    const { body } = await hold('30.00');
    const captured = await post(`/${body.id}/capture`, { amount: '12.00' });
    const part = await post(`/${captured.body.id}/reverse`, { amount: '5.00' });
    expect(part.body.entries.map(({ kind, direction, amount }) => [kind, direction, amount])).toEqual([
      ['reversed', 'credit', '5.00'],
      ['reversed', 'debit', '5.00'],
    ]);
    expect(codeOf(await post(`/${captured.body.id}/reverse`, { amount: '7.01' }))).toBe('exceeds-remaining');
    expect(codeOf(await post(`/${captured.body.id}/reverse`))).toBe(201);
    expect((await get(captured.body.id)).status).toBe('reversed');
    // the hold has nothing to do with it
    expect(await left(body.id)).toEqual(['18.00', '18.00']);
  });

  it('is of a posting or a capture: holds, voids, expiries and reversals are not reversed', async () => {
    const { body: held } = await hold('1.00');
    const { body: voided } = await post(`/${(await hold('1.00')).body.id}/void`);
    const { body: original } = await post('', posting('1.00'));
    const { body: reversal } = await post(`/${original.id}/reverse`);
    const end = Date.now() + 500;
    const short = await hold('1.00', { expiresAt: new Date(end).toISOString() });
    await until('its time has come', () => Date.now() > end);
    await post('', posting('0.01'));
    const [expiry] = (await get(short.body.id)).children;
    expect(expiry?.kind).toBe('expiry');
    for (const id of [held.id, voided.id, reversal.id, short.body.id, expiry?.id])
      expect(codeOf(await post(`/${id}/reverse`))).toBe('not-reversible');
  });
});

describe('when a change counts', () => {
  const DAY = 86_400_000;
  const day = (days: number) => new Date(Date.now() + days * DAY).toISOString();
  const before = { status: 422, code: 'effective-before-original', pointer: '/effectiveAt' };
  const refusal = ({ status, body }: Awaited<ReturnType<typeof post>>) => {
    const { code, errors } = body as unknown as { code: string; errors?: { pointer: string }[] };
    return { status, code, pointer: errors?.[0]?.pointer };
  };

  it('a capture, a void and a reversal are refused before their original, also when only tried, and taken at its moment', async () => {
    const effectiveAt = day(-10);
    const held = (await hold('9.00', { effectiveAt })).body;
    const posted = (await post('', { ...posting('9.00'), effectiveAt })).body;
    for (const path of [`/${held.id}/capture`, `/${held.id}/void`, `/${posted.id}/reverse`])
      for (const query of ['', '?dryRun=true'])
        expect([path, refusal(await post(path + query, { effectiveAt: day(-11) }))]).toEqual([path, before]);
    expect([(await get(held.id)).status, (await get(posted.id)).status]).toEqual(['pending', 'posted']);

    const captured = await post(`/${held.id}/capture`, { amount: '4.00', effectiveAt });
    expect([captured.status, captured.body.effectiveAt]).toEqual([201, effectiveAt]);
    // of a capture, too
    expect(refusal(await post(`/${captured.body.id}/reverse`, { effectiveAt: day(-11) }))).toEqual(before);
    expect((await post(`/${posted.id}/reverse`, { effectiveAt: day(-9) })).status).toBe(201);
  });

  it('without a moment: now, or that of an original that is still to come', async () => {
    const effectiveAt = day(30);
    const held = (await hold('9.00', { effectiveAt })).body;
    expect((await post(`/${held.id}/capture`, { amount: '1.00' })).body.effectiveAt).toBe(effectiveAt);
    expect((await post(`/${held.id}/void`)).body.effectiveAt).toBe(effectiveAt);
    const now = (await hold('9.00', { effectiveAt: day(-1) })).body;
    const captured = (await post(`/${now.id}/capture`)).body;
    expect(captured.effectiveAt).toBe(captured.createdAt);
  });

  it('a hold that would end before it is effective is refused', async () => {
    const refused = await hold('9.00', { effectiveAt: day(2), expiresAt: day(1) });
    expect(refusal(refused)).toEqual({ status: 422, code: 'expiry-passed', pointer: '/expiresAt' });
    expect((await hold('9.00', { effectiveAt: day(2), expiresAt: day(3) })).status).toBe(201);
  });
});
