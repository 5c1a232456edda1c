import { TenantClocks } from '../../src/platform/database/tenant-clocks';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';

const DAY_MS = 86_400_000;
const MOVED_MS = 40 * DAY_MS;

interface House {
  readonly owner: TestTenant;
  readonly ledger: TestLedger;
}

let app: TestApp;
/** A tenant whose clock is moved in each test, and one whose is not. */
let moved: House;
let other: House;

beforeAll(async () => {
  app = await startTestApp();
  const house = async (): Promise<House> => {
    const owner = await app.createTenantWithOwner();
    return { owner, ledger: await createLedger(app, owner.token) };
  };
  [moved, other] = [await house(), await house()];
});
afterEach(() => {
  app.app.get(TenantClocks).set(moved.owner.tenantId, 0);
});
afterAll(async () => {
  expect(await faultsInBooks(app)).toEqual([]);
  await app.close();
});

const moveTo = (offsetMs: number) => {
  app.app.get(TenantClocks).set(moved.owner.tenantId, offsetMs);
};
const send = async <T>({ owner }: House, method: string, path: string, body?: unknown, headers = {}): Promise<T> => {
  const answer = await app.request(method, path, { token: owner.token, headers, ...(body ? { body } : {}) });
  expect(`${answer.status} ${JSON.stringify(answer.body)}`).toMatch(/^2/);
  return answer.body as T;
};
/** By how much a moment of the answer is away from now, in whole days. */
const days = (instant: string) => Math.round((Date.parse(instant) - Date.now()) / DAY_MS) + 0;

describe('API-17 the time of a tenant', () => {
  it('is what its rows are recorded by, and nobody else’s', async () => {
    moveTo(MOVED_MS);
    for (const [house, expected] of [
      [moved, 40],
      [other, 0],
    ] as const) {
      const { path } = house.ledger;
      const posted = await send<{ createdAt: string; effectiveAt: string }>(
        house,
        'POST',
        `${path}/transactions`,
        posting('1.00'),
      );
      expect([days(posted.createdAt), days(posted.effectiveAt)]).toEqual([expected, expected]);
      const account = await send<{ createdAt: string }>(house, 'POST', `${path}/accounts`, {
        code: 'made-later',
        type: 'asset',
      });
      expect(days(account.createdAt)).toBe(expected);
      const changed = await send<{ updatedAt: string }>(
        house,
        'PATCH',
        `${path}/accounts/made-later`,
        { metadata: { made: 'later' } },
        { 'content-type': 'application/merge-patch+json', 'if-match': '*' },
      );
      expect(days(changed.updatedAt)).toBe(expected);
      const job = await send<{ createdAt: string; runAt: string }>(house, 'POST', '/v1/jobs', {
        kind: 'maintenance.purge',
        payload: {},
      });
      expect([days(job.createdAt), days(job.runAt)]).toEqual([expected, expected]);
      const schedule = await send<{ createdAt: string; nextRunAt: string }>(house, 'POST', '/v1/job-schedules', {
        kind: 'maintenance.purge',
        payload: {},
        cron: '0 3 * * *',
        timeZone: 'UTC',
      });
      expect(days(schedule.createdAt)).toBe(expected);
      expect(Math.abs(days(schedule.nextRunAt) - expected)).toBeLessThanOrEqual(1);
    }
  });

  it('is what holds expire by, for whoever asks', async () => {
    // a ledger's time does not go back: one that has seen nothing of the other test
    const { path } = await createLedger(app, moved.owner.token);
    const body = {
      ...posting('5.00', { debit: 'rent', credit: 'cash' }),
      status: 'pending',
      expiresAt: new Date(Date.now() + 10 * DAY_MS).toISOString(),
    };
    const { id } = await send<{ id: string }>(moved, 'POST', `${path}/transactions`, body);
    const state = async () => (await send<{ status: string }>(moved, 'GET', `${path}/transactions/${id}`)).status;
    const pending = async () => {
      const { balances } = await send<{ balances: { pending: { credits: string } }[] }>(
        moved,
        'GET',
        `${path}/accounts/cash/balances`,
      );
      return balances[0]?.pending.credits;
    };
    expect([await state(), await pending()]).toEqual(['pending', '5.00']);
    moveTo(MOVED_MS);
    expect([await state(), await pending()]).toEqual(['expired', '0.00']);
    moveTo(0);
    expect([await state(), await pending()]).toEqual(['pending', '5.00']);
  });

  it('is what postings are refused by: an end that has passed there', async () => {
    moveTo(MOVED_MS);
    const body = {
      ...posting('5.00'),
      status: 'pending',
      expiresAt: new Date(Date.now() + 10 * DAY_MS).toISOString(),
    };
    const { ledger, owner } = moved;
    const answer = await app.request('POST', `${ledger.path}/transactions`, { token: owner.token, body });
    expect(answer.status).toBe(422);
    await send(other, 'POST', `${other.ledger.path}/transactions`, body);
  });
});
