import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, fingerprintOfTables, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

interface Scheduled {
  readonly id: string;
  readonly code: string;
  readonly status: string;
  readonly postAt: string;
  readonly transactionId: string | null;
  readonly problem: { code: string; status: number } | null;
  readonly createdBy: string;
  readonly endedAt: string | null;
  readonly cancelledBy: string | null;
  readonly errors: { pointer: string }[];
}

let app: TestApp;
/** A second worker beside the first. */
let second: TestApp;
let owner: TestTenant;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '1000' }, undefined, daybook.workerModule);
  second = await startTestApp({}, app, daybook.workerModule);
  owner = await app.createTenantWithOwner();
  ledger = await createLedger(app, owner.token);
  const limits = [{ currency: 'EUR', minimumAvailable: '0.00' }];
  const body = { code: 'purse', type: 'asset', limits };
  expect((await app.request('POST', `${ledger.path}/accounts`, { token: owner.token, body })).status).toBe(201);
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await second.close();
  await app.close();
});

const path = (rest = '', of = ledger) => `${of.path}/scheduled-transactions${rest}`;
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

async function schedule(postAt: string, transaction: unknown, { token = owner.token, key = '', of = ledger } = {}) {
  const headers: Record<string, string> = key === '' ? {} : { 'idempotency-key': key };
  const answer = await app.request('POST', path('', of), { token, body: { postAt, transaction }, headers });
  return { status: answer.status, headers: answer.headers, body: answer.body as Scheduled };
}
const read = async (id: string, of = ledger) =>
  (await app.request('GET', path(`/${id}`, of), { token: owner.token })).body as Scheduled;
const ended = (id: string, of = ledger) =>
  until('the end of it', async () => {
    const found = await read(id, of);
    return found.status !== 'scheduled' && found;
  });
const cancel = async (id: string) => {
  const { status, body } = await app.request('POST', path(`/${id}/cancel`), { token: owner.token });
  return { status, body: body as Scheduled };
};
const madeAt = async (reference: string) =>
  app.sql<{ id: string; created_at: Date; effective_at: Date; created_by: string; kind: string }>(
    'SELECT id, created_at, effective_at, created_by, kind FROM transactions WHERE reference = $1',
    [reference],
  );

describe('a scheduled transaction', () => {
  it('is posted within a second of its time, once, on behalf of who scheduled it', async () => {
    const accountant = await app.signIn('accountant', owner.tenantId);
    const postAt = inMs(700);
    const made = await schedule(postAt, posting('5.00', { reference: 'rent' }), { token: accountant.token });
    expect([made.status, made.body.status, made.body.postAt]).toEqual([201, 'scheduled', postAt]);
    expect(made.headers.get('location')).toBe(path(`/${made.body.id}`));
    expect(await read(made.body.id)).toEqual(made.body);
    const later = await schedule(inMs(3_600_000), posting('5.00', { reference: 'next-rent' }));
    const done = await ended(made.body.id);
    expect([await read(later.body.id), await madeAt('next-rent')]).toEqual([later.body, []]);
    const [transaction, ...others] = await madeAt('rent');
    expect(others).toEqual([]);
    expect([done.status, done.transactionId, done.problem]).toEqual(['posted', transaction?.id, null]);
    expect(transaction).toMatchObject({ created_by: accountant.userId, kind: 'posting' });
    // effective at the very moment for which it was scheduled
    expect(transaction?.effective_at.toISOString()).toBe(postAt);
    const late = (transaction?.created_at.getTime() ?? 0) - Date.parse(postAt);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(1_000);
  });

  it('may be a hold, and keeps an effectiveAt of its own', async () => {
    const effectiveAt = '2026-01-01T00:00:00.000Z';
    const transaction = {
      ...posting('5.00', { reference: 'deposit', effectiveAt }),
      status: 'pending',
      expiresAt: inMs(60_000),
    };
    const { body } = await schedule(inMs(200), transaction);
    expect((await ended(body.id)).status).toBe('posted');
    const [held] = await madeAt('deposit');
    expect([held?.kind, held?.effective_at.toISOString()]).toEqual(['hold', effectiveAt]);
  });

  it('fails with the problem that a posting would have got, and changes nothing else', async () => {
    // it may have funds by then, so it is no reason to refuse it now
    const { status, body } = await schedule(inMs(200), posting('5.00', { credit: 'purse', reference: 'too-much' }));
    expect(status).toBe(201);
    const failed = await ended(body.id);
    expect([failed.status, failed.transactionId]).toEqual(['failed', null]);
    const direct = await app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('5.00', { credit: 'purse', reference: 'too-much' }),
    });
    expect({ ...failed.problem, traceId: undefined }).toEqual({ ...(direct.body as object), traceId: undefined });
    expect(failed.problem?.code).toBe('insufficient-funds');
    expect(await madeAt('too-much')).toEqual([]);
  });

  it('fails in a ledger that is closed and for a tenant that is suspended by then', async () => {
    const closed = await createLedger(app, owner.token);
    const { body: inClosed } = await schedule(inMs(600), posting('5.00'), { of: closed });
    const { body } = await app.request('PATCH', closed.path, {
      token: owner.token,
      body: { status: 'closed' },
      headers: { 'if-match': '*' },
    });
    expect(body).toMatchObject({ status: 'closed' });
    expect((await ended(inClosed.id, closed)).problem?.code).toBe('ledger-closed');

    const other = await app.createTenantWithOwner();
    const theirs = await createLedger(app, other.token);
    const suspended = await schedule(inMs(600), posting('5.00'), { of: theirs, token: other.token });
    expect(suspended.status).toBe(201);
    await app.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [other.tenantId]);
    const [row] = await until('its end', async () => {
      const rows = await app.sql<{ status: string; problem: { code: string } }>(
        `SELECT status, problem FROM scheduled_transactions WHERE id = $1 AND status <> 'scheduled'`,
        [suspended.body.id],
      );
      return rows.length > 0 && rows;
    });
    expect([row?.status, row?.problem.code]).toEqual(['failed', 'tenant-not-active']);
  });

  it('is refused at once where no day could mend it', async () => {
    const before = await fingerprintOfTables(app, ['scheduled_transactions', 'transactions', 'balances']);
    await app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('1.00', { reference: 'used' }),
    });
    const soon = inMs(60_000);
    const cases: [string, unknown, number, string, string | undefined][] = [
      [inMs(-1), posting('1.00'), 422, 'post-at-passed', '/postAt'],
      ['tomorrow', posting('1.00'), 400, 'validation-failed', '/postAt'],
      [soon, undefined, 400, 'validation-failed', '/transaction'],
      [soon, [], 400, 'validation-failed', '/transaction'],
      [soon, { entries: [] }, 400, 'validation-failed', '/transaction/entries'],
      [soon, { ...posting('1.00'), expiresAt: inMs(120_000) }, 400, 'validation-failed', '/transaction/expiresAt'],
      [
        soon,
        { ...posting('1.00'), status: 'pending', expiresAt: inMs(30_000) },
        422,
        'post-at-passed',
        '/transaction/expiresAt',
      ],
      [soon, posting('1.001'), 422, 'amount-precision', '/transaction/entries/0/amount'],
      [soon, posting('1.00', { credit: 'nowhere' }), 422, 'unknown-account', '/transaction/entries/1/account'],
      [soon, posting('1.00', { reference: 'used' }), 422, 'reference-used', '/transaction/reference'],
    ];
    for (const [postAt, transaction, status, code, pointer] of cases) {
      const { status: was, body } = await schedule(postAt, transaction);
      expect([was, body.code, body.errors[0]?.pointer]).toEqual([status, code, pointer]);
    }
    const after = await fingerprintOfTables(app, ['scheduled_transactions']);
    expect(after.scheduled_transactions).toBe(before.scheduled_transactions);
  });

  it('REL-05 is made once per key, and a retry gets the same answer after it was posted, too', async () => {
    const [postAt, key] = [inMs(500), `key-${Math.random()}`];
    const first = await schedule(postAt, posting('3.00', { reference: 'once' }), { key });
    await ended(first.body.id);
    const again = await schedule(postAt, posting('3.00', { reference: 'once' }), { key });
    expect([again.status, again.headers.get('idempotent-replayed'), again.body]).toEqual([201, 'true', first.body]);
    const other = await schedule(postAt, posting('4.00'), { key });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect(await madeAt('once')).toHaveLength(1);
  });

  it('is cancelled while it is scheduled; of 50 at once exactly one cancels it', async () => {
    const { body } = await schedule(inMs(600_000), posting('1.00', { reference: 'never' }));
    const answers = await Promise.all(Array.from({ length: 50 }, () => cancel(body.id)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 200).map((answer) => answer.body.code))).toEqual(
      new Set(['scheduled-transaction-settled']),
    );
    expect(await read(body.id)).toMatchObject({ status: 'cancelled', cancelledBy: owner.userId, transactionId: null });
    // taken by a worker that has not said yet what became of it
    const taken = await schedule(inMs(600_000), posting('1.00'));
    await app.sql(`UPDATE scheduled_transactions SET begun_at = now() WHERE id = $1`, [taken.body.id]);
    expect((await cancel(taken.body.id)).body.code).toBe('scheduled-transaction-settled');
    expect((await read(taken.body.id)).status).toBe('scheduled');
    const posted = await schedule(inMs(100), posting('1.00'));
    await ended(posted.body.id);
    expect((await cancel(posted.body.id)).body.code).toBe('scheduled-transaction-settled');
  });

  it('REL-06 cancelled at the moment it falls due: one of both comes about, never both, never neither', async () => {
    const count = 60;
    const postAt = inMs(8_000);
    const made: Awaited<ReturnType<typeof schedule>>[] = [];
    for (let n = 0; n < count; n += 6)
      made.push(
        ...(await Promise.all(
          Array.from({ length: 6 }, (_, k) => schedule(postAt, posting('1.00', { reference: `race-${n + k}` }))),
        )),
      );
    expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]));
    await until('its time', () => Date.now() >= Date.parse(postAt) - 20);
    const cancelled: boolean[] = [];
    // one after the other, so that some come before and some after the worker
    for (const { body } of made) cancelled.push((await cancel(body.id)).status === 200);
    const ends = await Promise.all(made.map(({ body }) => ended(body.id)));
    for (const [n, { status }] of ends.entries()) {
      expect([n, status]).toEqual([n, cancelled[n] ? 'cancelled' : 'posted']);
      expect([n, (await madeAt(`race-${n}`)).length]).toEqual([n, cancelled[n] ? 0 : 1]);
    }
  });

  it('many that fall due together are posted once each, with two workers at them', async () => {
    const many = await createLedger(app, owner.token);
    const count = 700;
    await app.sql(
      `INSERT INTO scheduled_transactions (tenant_id, id, ledger_id, post_at, due_at, request, created_by)
       SELECT $1, gen_random_uuid(), $2, t.at, t.at, jsonb_set($3::jsonb, '{reference}', to_jsonb('due-' || n)), $4
         FROM generate_series(1, $5::int) AS n, LATERAL (SELECT now() + interval '1 second' - n * interval '1 millisecond' AS at) t`,
      [owner.tenantId, many.id, JSON.stringify(posting('1.00')), owner.userId, count],
    );
    await until('all posted', async () => {
      const [row] = await app.sql<{ n: string }>(
        `SELECT count(*) AS n FROM scheduled_transactions WHERE ledger_id = $1 AND status = 'posted'`,
        [many.id],
      );
      return Number(row?.n) === count;
    });
    const [row] = await app.sql<{ n: string; different: string }>(
      'SELECT count(*) AS n, count(DISTINCT reference) AS different FROM transactions WHERE ledger_id = $1',
      [many.id],
    );
    expect(row).toEqual({ n: String(count), different: String(count) });
  });

  it('REL-05 REL-09 a worker that died after posting and before saying so: the next one says what became of it', async () => {
    const done = await ended((await schedule(inMs(100), posting('1.00', { reference: 'half' }))).body.id);
    const fails = await ended((await schedule(inMs(100), posting('1.00', { credit: 'purse' }))).body.id);
    expect([done.status, fails.status]).toEqual(['posted', 'failed']);
    // as if the second half had never been committed; by now a new posting would be decided otherwise
    await app.sql(`ALTER TABLE scheduled_transactions DISABLE TRIGGER scheduled_transactions_end_once;
      UPDATE scheduled_transactions SET status = 'scheduled', ended_at = NULL, transaction_id = NULL, problem = NULL, due_at = now()
       WHERE id IN ('${done.id}', '${fails.id}');
      ALTER TABLE scheduled_transactions ENABLE TRIGGER scheduled_transactions_end_once`);
    await app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('9.00', { debit: 'purse' }),
    });
    expect(await ended(done.id)).toMatchObject({ status: 'posted', transactionId: done.transactionId });
    expect(await ended(fails.id)).toMatchObject({ status: 'failed', problem: fails.problem });
    expect(await madeAt('half')).toHaveLength(1);
  });

  it('is listed by its time, with a filter, in pages both ways', async () => {
    const listed = await createLedger(app, owner.token);
    const times = [3, 1, 2, 2, 4].map((hours) => new Date(Date.UTC(2030, 0, 1, hours)).toISOString());
    for (const at of times) await schedule(at, posting('1.00'), { of: listed });
    const page = async (query: string) => {
      const { body } = await app.request('GET', path(query, listed), { token: owner.token });
      return body as { items: Scheduled[]; next: string | null; previous: string | null };
    };
    const all = await page('');
    expect(all.items.map(({ postAt }) => postAt)).toEqual([...times].sort());
    const first = await page('?limit=2&status=scheduled');
    const rest = await page(`?limit=2&cursor=${first.next ?? ''}`);
    const last = await page(`?limit=2&cursor=${rest.next ?? ''}`);
    expect([...first.items, ...rest.items, ...last.items]).toEqual(all.items);
    expect([last.next, (await page(`?limit=2&cursor=${last.previous ?? ''}`)).items]).toEqual([null, rest.items]);
    expect((await page('?status=failed')).items).toEqual([]);
    expect((await app.request('GET', path('?status=late', listed), { token: owner.token })).status).toBe(400);
  });

  it('TEN-04 another tenant’s is one that does not exist; a viewer reads and does not change', async () => {
    const { body } = await schedule(inMs(600_000), posting('1.00'));
    const stranger = await app.createTenantWithOwner();
    const ask = async (method: string, rest: string, token: string, send?: unknown) => {
      const answer = await app.request(method, path(rest), { token, ...(send ? { body: send } : {}) });
      return [answer.status, (answer.body as { code?: string }).code];
    };
    expect(await ask('GET', `/${body.id}`, stranger.token)).toEqual([404, 'scheduled-transaction-not-found']);
    expect(await ask('POST', `/${body.id}/cancel`, stranger.token)).toEqual([404, 'scheduled-transaction-not-found']);
    expect(await ask('GET', '', stranger.token)).toEqual([404, 'ledger-not-found']);
    const request = { postAt: inMs(60_000), transaction: posting('1.00') };
    expect(await ask('POST', '', stranger.token, request)).toEqual([404, 'ledger-not-found']);
    const viewer = await app.signIn('viewer', owner.tenantId);
    expect((await ask('GET', `/${body.id}`, viewer.token))[0]).toBe(200);
    expect((await ask('POST', `/${body.id}/cancel`, viewer.token))[0]).toBe(403);
    expect((await ask('POST', '', viewer.token, request))[0]).toBe(403);
    // the id of another ledger of the same tenant does not help either
    const sibling = await createLedger(app, owner.token);
    const answer = await app.request('GET', path(`/${body.id}`, sibling), { token: owner.token });
    expect(answer.status).toBe(404);
  });

  it('the database itself lets it end once, and keeps what was asked', async () => {
    const { body } = await schedule(inMs(600_000), posting('1.00'));
    const set = (assignment: string) =>
      app.sql(`UPDATE scheduled_transactions SET ${assignment} WHERE id = $1`, [body.id]);
    await expect(set(`post_at = now()`)).rejects.toThrow(/come to its end/);
    await expect(set(`request = '{}'`)).rejects.toThrow(/come to its end/);
    await expect(set(`status = 'posted', ended_at = now(), begun_at = now()`)).rejects.toThrow(/posted_check/);
    await expect(app.sql('DELETE FROM scheduled_transactions WHERE id = $1', [body.id])).rejects.toThrow();
    expect((await cancel(body.id)).status).toBe(200);
    await expect(set(`status = 'scheduled', ended_at = NULL, cancelled_by = NULL`)).rejects.toThrow(/come to its end/);
  });
});
