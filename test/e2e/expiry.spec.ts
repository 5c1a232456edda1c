import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

interface Hold {
  readonly id: string;
  readonly expiresAt: string;
}

/** Without a worker. */
let app: TestApp;
let owner: TestTenant;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp();
  owner = await app.createTenantWithOwner();
  ledger = await createLedger(app, owner.token);
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await app.close();
});

const post = (of: TestLedger, rest: string, body: unknown) =>
  app.request('POST', `${of.path}/transactions${rest}`, { token: owner.token, body });
const hold = async (of: TestLedger, ms: number, amount = '5.00'): Promise<Hold> => {
  const expiresAt = new Date(Date.now() + ms).toISOString();
  const { status, body } = await post(of, '', {
    ...posting(amount, { debit: 'rent', credit: 'cash' }),
    status: 'pending',
    expiresAt,
  });
  expect(status).toBe(201);
  return body as Hold;
};
const get = async (of: TestLedger, id: string) =>
  (await app.request('GET', `${of.path}/transactions/${id}`, { token: owner.token })).body as { status: string };
const expiries = (ids: readonly string[]) =>
  app.sql<{ parent_id: string; effective_at: Date; created_at: Date; created_by: string }>(
    `SELECT parent_id, effective_at, created_at, created_by FROM transactions WHERE kind = 'expiry' AND parent_id = ANY ($1)`,
    [ids],
  );
const recorded = (ids: readonly string[], withinMs?: number) =>
  until(
    `${ids.length} expiries`,
    async () => {
      const rows = await expiries(ids);
      return rows.length >= ids.length && rows;
    },
    withinMs,
  );
/** What a payment of 1.00 into cash would leave available there. */
const available = async () => {
  const { body } = await post(ledger, '?dryRun=true&balances=true', posting('1.00'));
  return (body as { balances: { available: string }[] }).balances[0]?.available;
};

describe('the end of a hold', () => {
  it('REL-06 is a fact on its second for every reader, and no capture comes after it, though no worker runs', async () => {
    const { id, expiresAt } = await hold(ledger, 400);
    expect([await available(), (await get(ledger, id)).status]).toEqual(['-4.00', 'pending']);
    await until('its second', () => Date.now() > Date.parse(expiresAt));
    expect([(await get(ledger, id)).status, await expiries([id])]).toEqual(['expired', []]);
    const late = await post(ledger, `/${id}/capture`, {});
    expect([late.status, (late.body as { code: string }).code]).toEqual([422, 'hold-not-pending']);
    expect(await available()).toBe('1.00');
    // whoever asks the ledger for something next records it on the way
    expect((await expiries([id])).map(({ effective_at }) => effective_at.toISOString())).toEqual([expiresAt]);
  });

  describe('with workers', () => {
    let workers: TestApp[];
    beforeAll(async () => {
      workers = [await startTestApp({}, app, daybook.workerModule), await startTestApp({}, app, daybook.workerModule)];
    });
    afterAll(async () => {
      for (const worker of workers) await worker.close();
    });

    it('is recorded within a second, effective at the very moment, once, where nobody posts', async () => {
      const { id, expiresAt } = await hold(ledger, 1_500);
      const [expiry, ...others] = await recorded([id], 4_000);
      expect(others).toEqual([]);
      expect(expiry).toMatchObject({ created_by: '00000000-0000-0000-0000-000000000000' });
      expect(expiry?.effective_at.toISOString()).toBe(expiresAt);
      const late = (expiry?.created_at.getTime() ?? 0) - Date.parse(expiresAt);
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(1_000);
      expect(await available()).toBe('1.00');
    });

    it('is recorded in each of many ledgers, also where the ledger is closed or the tenant suspended by then', async () => {
      const other = await app.createTenantWithOwner();
      const theirs = await createLedger(app, other.token);
      const ledgers = [];
      for (let n = 0; n < 12; n += 1)
        ledgers.push(await createLedger(app, owner.token, undefined, { rent: 'expense', cash: 'asset' }));
      const expiresAt = new Date(Date.now() + 1_500).toISOString();
      const holds = await Promise.all(ledgers.map((each) => hold(each, Date.parse(expiresAt) - Date.now())));
      const answer = await app.request('POST', `${theirs.path}/transactions`, {
        token: other.token,
        body: { ...posting('1.00'), status: 'pending', expiresAt },
      });
      const closed = ledgers[0]?.path ?? '';
      await app.request('PATCH', closed, {
        token: owner.token,
        body: { status: 'closed' },
        headers: { 'if-match': '*' },
      });
      await app.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [other.tenantId]);
      const ids = [...holds.map(({ id }) => id), (answer.body as Hold).id];
      const rows = await recorded(ids);
      expect(new Set(rows.map(({ parent_id }) => parent_id))).toEqual(new Set(ids));
      expect(rows).toHaveLength(ids.length);
    });

    it('is recorded for more holds of one ledger than one batch takes', async () => {
      const crowded = await createLedger(app, owner.token);
      const expiresAt = new Date(Date.now() + 4_000).toISOString();
      const items = Array.from({ length: 1_200 }, () => ({ ...posting('1.00'), status: 'pending', expiresAt }));
      const { body } = await post(crowded, '/bulk', { items });
      const ids = (body as { results: { transaction: Hold }[] }).results.map(({ transaction }) => transaction.id);
      const rows = await recorded(ids, 20_000);
      expect(rows).toHaveLength(1_200);
      expect(new Set(rows.map(({ effective_at }) => effective_at.toISOString()))).toEqual(new Set([expiresAt]));
    });
  });
});
