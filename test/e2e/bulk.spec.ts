import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, fingerprintOfTables, posting, type TestLedger } from '../support/ledger';

interface Result {
  readonly index: number;
  readonly status: number;
  readonly replayed: boolean;
  readonly transaction?: { id: string; sequence: number; kind: string; balances?: unknown[] };
  readonly problem?: { code: string; status: number; errors?: { pointer: string; detail: string; code?: string }[] };
}
interface Body {
  readonly recorded: number;
  readonly replayed: number;
  readonly refused: number;
  readonly results: Result[];
  readonly code: string;
  readonly errors: { pointer: string; detail: string; code?: string }[];
}

let app: TestApp;
let owner: TestTenant;
let ledger: TestLedger;
let keys = 0;

beforeAll(async () => {
  app = await startTestApp({ ENGINE_BATCH_COMMANDS: '100' });
  owner = await app.createTenantWithOwner();
});
beforeEach(async () => {
  ledger = await createLedger(app, owner.token);
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await app.close();
});

const newKey = () => `key-${keys++}`;

async function bulk(items: unknown, { key = newKey(), query = '', atomic = false, token = owner.token } = {}) {
  const answer = await app.request('POST', `${ledger.path}/transactions/bulk${query}`, {
    token,
    body: { items, ...(atomic ? { atomic } : {}) },
    headers: { 'idempotency-key': key },
  });
  return { status: answer.status, headers: answer.headers, body: answer.body as Body };
}

async function single(path: string, body: unknown, key = newKey()) {
  const headers = { 'idempotency-key': key };
  const answer = await app.request('POST', `${ledger.path}/transactions${path}`, { token: owner.token, body, headers });
  return { status: answer.status, headers: answer.headers, body: answer.body as { id: string; code: string } };
}

const codes = ({ results }: Body) => results.map(({ status, problem }) => problem?.code ?? status);
const ids = ({ results }: Body) => results.map(({ transaction }) => transaction?.id);
const transactions = async () =>
  (await app.sql(`SELECT id FROM transactions WHERE ledger_id = $1 ORDER BY sequence`, [ledger.id])).length;

describe('a bulk request', () => {
  it('API-14 answers each item in its order, as if it had been sent by itself', async () => {
    const hold = await single('', { ...posting('10.00'), status: 'pending' });
    const other = await single('', { ...posting('10.00'), status: 'pending' });
    const paid = await single('', posting('3.00'));
    const items = [
      posting('1.00'),
      posting('1.001'),
      { kind: 'capture', transactionId: hold.body.id, amount: '4.00' },
      posting('1.00', { debit: 'nowhere' }),
      { kind: 'void', transactionId: other.body.id },
      { kind: 'reversal', transactionId: paid.body.id },
      { kind: 'capture', transactionId: other.body.id },
      { ...posting('2.00'), kind: 'posting', status: 'pending' },
      { ...posting('2.00'), colour: 'red' },
      { kind: 'gift' },
      { kind: 'void', transactionId: 'x' },
      'text',
      { ...posting('2.00'), idempotencyKey: '' },
      posting('5.00'),
    ];
    const { status, body } = await bulk(items);
    expect(status).toBe(200);
    expect(codes(body)).toEqual([
      201,
      'amount-precision',
      201,
      'unknown-account',
      201,
      201,
      'hold-not-pending',
      201,
      'validation-failed',
      'validation-failed',
      'validation-failed',
      'validation-failed',
      'idempotency-key-invalid',
      201,
    ]);
    expect([body.recorded, body.replayed, body.refused]).toEqual([6, 0, 8]);
    expect(body.results.map(({ index }) => index)).toEqual(items.map((_, index) => index));
    const recorded = body.results.flatMap(({ transaction }) => transaction ?? []);
    expect(recorded.map(({ kind }) => kind)).toEqual(['posting', 'capture', 'void', 'reversal', 'hold', 'posting']);
    expect(recorded.map(({ sequence }) => sequence)).toEqual([4, 5, 6, 7, 8, 9]);
    // to the letter what the route for one answers
    for (const index of [1, 3, 8]) {
      const alone = await single('', items[index]);
      expect({ ...alone.body, traceId: undefined }).toEqual({ ...body.results[index]?.problem, traceId: undefined });
    }
    const [first] = recorded;
    const read = await app.request('GET', `${ledger.path}/transactions/${first?.id}`, { token: owner.token });
    expect(read.body).toEqual(first);
  });

  it('REL-05 a retry of the whole request replays every item, refusals too, and records nothing', async () => {
    const key = newKey();
    const items = [posting('1.00'), posting('1.001'), posting('2.00'), posting('2.00')];
    const first = await bulk(items, { key });
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const before = await fingerprintOfTables(app);
    const again = await bulk(items, { key });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual({
      ...first.body,
      replayed: 4,
      results: first.body.results.map((result) => ({ ...result, replayed: true })),
    });
    // longer by one, which alone is new; another content at a place is refused there
    const longer = await bulk([...items.slice(0, 3), posting('9.00'), posting('3.00')], { key });
    expect(codes(longer.body)).toEqual([201, 'amount-precision', 201, 'idempotency-key-reused', 201]);
    expect([longer.body.replayed, longer.body.recorded, await transactions()]).toEqual([3, 3, 4]);
    expect((await fingerprintOfTables(app, ['ledgers', 'accounts'])).accounts).toEqual(before.accounts);
  });

  it('REL-05 an item’s own key is the key that it would have by itself', async () => {
    const [inBulk, alone] = [newKey(), newKey()];
    const { body: before } = await single('', posting('7.00'), alone);
    const hold = await single('', { ...posting('10.00'), status: 'pending' });
    const capture = { kind: 'capture', transactionId: hold.body.id, amount: '1.00' };
    const captureKey = newKey();
    const { body } = await bulk([
      { ...posting('6.00'), idempotencyKey: inBulk },
      { ...posting('7.00'), idempotencyKey: alone },
      { ...posting('8.00'), idempotencyKey: alone },
      { ...capture, idempotencyKey: captureKey },
    ]);
    expect(codes(body)).toEqual([201, 201, 'idempotency-key-reused', 201]);
    expect(body.results.map(({ replayed }) => replayed)).toEqual([false, true, false, false]);
    expect(body.results[1]?.transaction?.id).toBe(before.id);
    const retried = await single('', posting('6.00'), inBulk);
    expect([retried.headers.get('idempotent-replayed'), retried.body.id]).toEqual(['true', ids(body)[0]]);
    const captured = await single(`/${hold.body.id}/capture`, { amount: '1.00' }, captureKey);
    expect([captured.headers.get('idempotent-replayed'), captured.body.id]).toEqual(['true', ids(body)[3]]);
  });

  it('API-14 F14 equal keys in one batch: the second replays the first, or is refused where it differs', async () => {
    const key = newKey();
    const items = [
      { ...posting('1.00'), idempotencyKey: key },
      { ...posting('1.00'), idempotencyKey: key },
      { ...posting('2.00'), idempotencyKey: key },
    ];
    for (const atomic of [false, true]) {
      const { status, body } = await bulk(atomic ? items.slice(0, 2) : items, { atomic });
      expect(status).toBe(200);
      expect(codes(body).slice(0, 2)).toEqual([201, 201]);
      expect(body.results[1]?.replayed).toBe(true);
      expect(new Set(ids(body).slice(0, 2)).size).toBe(1);
      expect(codes(body).slice(2)).toEqual(atomic ? [] : ['idempotency-key-reused']);
    }
    expect(await transactions()).toBe(1);
  });

  it('items may be made by a template, which is looked up as for one', async () => {
    const template = {
      name: 'fee',
      parameters: [{ name: 'amount', type: 'amount', currency: 'EUR' }],
      entries: [
        { direction: 'debit', account: 'rent', amount: '{amount}' },
        { direction: 'credit', account: 'cash', amount: '{amount}' },
      ],
    };
    const made = await app.request('POST', `${ledger.path}/transaction-templates`, {
      token: owner.token,
      body: template,
    });
    expect(made.status).toBe(201);
    const by = (parameters: object, name = 'fee') => ({ template: { name, parameters } });
    const items = [by({ amount: '1.00' }), posting('1.00'), by({}), by({ amount: '2.00' }, 'gone')];
    const { body } = await bulk(items);
    expect(codes(body)).toEqual([201, 201, 'template-parameters-invalid', 'transaction-template-not-found']);
    for (const index of [2, 3]) {
      const alone = await single('', items[index]);
      expect({ ...alone.body, traceId: undefined }).toEqual({ ...body.results[index]?.problem, traceId: undefined });
    }
  });

  it('REL-05 the same request five times at once has each effect once', async () => {
    const key = newKey();
    const items = Array.from({ length: 250 }, (_, n) => posting(`${n + 1}.00`));
    const answers = await Promise.all(Array.from({ length: 5 }, () => bulk(items, { key })));
    expect(new Set(answers.map(({ body }) => ids(body).join()))).toHaveProperty('size', 1);
    expect(answers.reduce((sum, { body }) => sum + body.replayed, 0)).toBe(4 * 250);
    expect(await transactions()).toBe(250);
  });

  it('atomic: all or none; each item that was refused is named, with its place and its code', async () => {
    const key = newKey();
    const items = [
      posting('1.00'),
      posting('1.001'),
      posting('2.00'),
      { ...posting('3.00'), extra: 1 },
      { kind: 'void' },
    ];
    await single('', posting('1.00'));
    const before = await fingerprintOfTables(app);
    const refused = await bulk(items, { key, atomic: true });
    expect([refused.status, refused.body.code]).toEqual([422, 'bulk-refused']);
    expect(refused.body.errors.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/items/1/entries/0/amount', 'amount-precision'],
      ['/items/3/extra', 'validation-failed'],
      ['/items/4/transactionId', 'validation-failed'],
    ]);
    expect(await fingerprintOfTables(app)).toEqual(before);
    // nothing was recorded, so the key is free for the mended request
    const mended = [posting('1.00'), posting('1.00'), posting('2.00')];
    const good = await bulk(mended, { key, atomic: true });
    expect([good.status, codes(good.body)]).toEqual([200, [201, 201, 201]]);
    const again = await bulk(mended, { key, atomic: true });
    expect([ids(again.body), again.body.replayed]).toEqual([ids(good.body), 3]);
  });

  it('atomic: effects of items before one that is refused are taken back in the balances, too', async () => {
    const path = `${ledger.path}/accounts/cash`;
    const limits = [{ currency: 'EUR', minimumAvailable: '0.00' }];
    const set = await app.request('PATCH', path, {
      token: owner.token,
      body: { limits },
      headers: { 'if-match': '*' },
    });
    expect(set.status).toBe(200);
    const spend = posting('10.00', { debit: 'rent', credit: 'cash' });
    const refused = await bulk([posting('10.00'), spend, spend], { atomic: true });
    expect(refused.body.errors.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/items/2/entries/1/amount', 'insufficient-funds'],
    ]);
    // one by one the first two are affordable, and the third is not
    expect(codes((await bulk([posting('10.00'), spend, spend])).body)).toEqual([201, 201, 'insufficient-funds']);
  });

  it('dryRun=true: the exact answers, later items see earlier ones, and nothing changes', async () => {
    const hold = await single('', { ...posting('10.00'), status: 'pending' });
    const capture = { kind: 'capture', transactionId: hold.body.id, amount: '6.00' };
    const before = await fingerprintOfTables(app);
    const tried = await bulk([posting('1.00'), capture, capture], { query: '?dryRun=true&balances=true', key: '' });
    expect([tried.status, codes(tried.body)]).toEqual([200, [200, 200, 'exceeds-remaining']]);
    expect(tried.body.results[1]?.transaction?.balances).toHaveLength(2);
    const refused = await bulk([posting('1.00'), capture, capture], { query: '?dryRun=true', key: '', atomic: true });
    expect([refused.status, refused.body.code]).toEqual([422, 'bulk-refused']);
    expect(await fingerprintOfTables(app)).toEqual(before);
  });

  it('refuses a change before what it changes, also of the same request’s ledger, and the rest goes on', async () => {
    const effectiveAt = '2026-03-01T00:00:00.000Z';
    const { id } = (await single('', { ...posting('10.00'), status: 'pending', effectiveAt })).body;
    const capture = (at: string) => ({ kind: 'capture', transactionId: id, amount: '1.00', effectiveAt: at });
    const items = [capture('2026-02-28T23:59:59.999Z'), capture(effectiveAt), posting('1.00')];
    for (const query of ['?dryRun=true', '']) {
      const { body } = await bulk(items, { query, ...(query ? { key: '' } : {}) });
      const done = query ? 200 : 201;
      expect(codes(body)).toEqual(['effective-before-original', done, done]);
    }
    expect((await bulk(items, { atomic: true })).body.code).toBe('bulk-refused');
  });

  it('balances=true: each item with the balances right after it', async () => {
    const { body } = await bulk([posting('1.00'), posting('2.00')], { query: '?balances=true' });
    expect(body.results.map(({ transaction }) => transaction?.balances?.[0])).toMatchObject([
      { account: 'cash', posted: '1.00', version: 1 },
      { account: 'cash', posted: '3.00', version: 2 },
    ]);
  });

  it('takes 10,000 items while others are answered, and no more', async () => {
    const items = Array.from({ length: 10_000 }, (_, n) =>
      posting('1.00', { reference: `order-${n}`, description: 'An order of somebody who buys often' }),
    );
    expect(JSON.stringify({ items }).length).toBeGreaterThan(1_048_576);
    const state = { done: false };
    const answering = bulk(items).finally(() => (state.done = true));
    let answered = 0;
    while (!state.done) {
      expect((await app.request('GET', '/health/live')).status).toBe(200);
      answered += 1;
    }
    const { status, body } = await answering;
    expect([status, body.recorded, body.refused]).toEqual([200, 10_000, 0]);
    // at the least between the batches, of which there are a hundred
    expect(answered).toBeGreaterThan(20);
    expect(body.results.map(({ transaction }) => transaction?.sequence)).toEqual(items.map((_, n) => n + 1));
    const { status: over, body: refusal } = await bulk([...items, posting('1.00')]);
    expect([over, refusal.errors[0]?.pointer]).toEqual([400, '/items']);
    const atomic = await bulk(
      items.map((item) => ({ ...item, reference: undefined })),
      { atomic: true },
    );
    expect([atomic.status, atomic.body.recorded]).toEqual([200, 10_000]);
  }, 120_000);

  it('an item that breaks its batch is answered alone: those around it are recorded, once', async () => {
    await app.sql(`
      CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.reference = 'poison' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER poison BEFORE INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION refuse_poison()`);
    const items = Array.from({ length: 250 }, (_, n) =>
      posting('1.00', n === 120 ? { reference: 'poison' } : { reference: `near-${n}` }),
    );
    const { status, body } = await bulk(items, { key: 'poisoned' });
    await app.sql('DROP TRIGGER poison ON transactions; DROP FUNCTION refuse_poison()');
    expect([status, body.recorded, body.refused]).toEqual([200, 249, 1]);
    expect(body.results[120]).toMatchObject({ status: 500, problem: { code: 'internal-error' } });
    expect(await transactions()).toBe(249);
    // nothing was decided about it, so a retry carries it out
    expect((await bulk(items, { key: 'poisoned' })).body).toMatchObject({ recorded: 250, replayed: 249 });
  });

  it('refuses what is not a bulk request, without a key, or too large', async () => {
    const send = (body: unknown, headers: Record<string, string> = {}) =>
      app.request('POST', `${ledger.path}/transactions/bulk`, { token: owner.token, body, headers });
    const invalid: [unknown, string][] = [
      [[], ''],
      [{}, '/items'],
      [{ items: [] }, '/items'],
      [{ items: {} }, '/items'],
      [{ items: [posting('1.00')], atomic: 'yes' }, '/atomic'],
      [{ items: [posting('1.00')], mode: 1 }, '/mode'],
    ];
    for (const [body, pointer] of invalid) {
      const answer = await send(body);
      expect([answer.status, (answer.body as Body).errors[0]?.pointer]).toEqual([400, pointer]);
    }
    expect((await send({ items: [posting('1.00')] }, { 'idempotency-key': '' })).body).toMatchObject({
      code: 'idempotency-key-required',
    });
    expect((await send(JSON.stringify({ items: ['x'.repeat(8_388_608)] }))).status).toBe(413);
    expect((await send('x', { 'content-type': 'text/csv' })).status).toBe(415);
    // the larger limit is this route's alone
    const elsewhere = await app.request('POST', '/v1/ledgers', {
      token: owner.token,
      body: { name: 'x'.repeat(1_048_576) },
    });
    expect(elsewhere.status).toBe(413);
    expect(await transactions()).toBe(0);
  });

  it('TEN-04 another tenant’s ledger is one that does not exist; a key is one person’s', async () => {
    const stranger = await app.createTenantWithOwner();
    const before = await fingerprintOfTables(app);
    const foreign = await bulk([posting('1.00'), { bad: true }], { token: stranger.token });
    const path = ledger.path;
    ledger = { ...ledger, path: '/v1/ledgers/01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00' };
    const unknown = await bulk([posting('1.00'), { bad: true }], { token: stranger.token });
    ledger = { ...ledger, path };
    expect([foreign.status, foreign.body.code]).toEqual([404, 'ledger-not-found']);
    expect({ ...unknown.body, traceId: undefined }).toEqual({ ...foreign.body, traceId: undefined });
    expect(await fingerprintOfTables(app)).toEqual(before);
    const key = newKey();
    const colleague = await app.signIn('accountant', owner.tenantId);
    const mine = await bulk([posting('1.00')], { key });
    const theirs = await bulk([posting('2.00')], { key, token: colleague.token });
    expect([codes(mine.body), codes(theirs.body)]).toEqual([[201], [201]]);
    const viewer = await app.signIn('viewer', owner.tenantId);
    expect((await bulk([posting('1.00')], { token: viewer.token })).status).toBe(403);
  });
});
