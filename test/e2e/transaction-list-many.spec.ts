import { Client } from 'pg';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';

/** More transactions than a request looks at when they do not fit. */
const UNFIT = 120_000;

const wallets = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `assets:wallet:${from + n}`);

interface Page {
  readonly sequences: readonly number[];
  readonly next: string | null;
  readonly previous: string | null;
}

describe('lists of transactions in ledgers that have much of everything', () => {
  let app: TestApp;
  let owner: TestTenant;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await app.createTenantWithOwner();
  });
  afterAll(() => app.close());

  /** A ledger that makes its accounts as they are named. */
  async function openLedger(): Promise<string> {
    const body = { name: `Wallets ${Math.random()}`, unknownAccounts: 'created' };
    const made = await app.request('POST', '/v1/ledgers', { token: owner.token, body });
    return (made.body as { id: string }).id;
  }

  async function post(ledgerId: string, debited: readonly string[], effectiveAt: string): Promise<void> {
    const entries = [
      ...debited.map((account) => ({ account, direction: 'debit', amount: '1.00', currency: 'EUR' })),
      { account: 'revenue:sales', direction: 'credit', amount: `${debited.length}.00`, currency: 'EUR' },
    ];
    const body = { effectiveAt, entries };
    const { status, text } = await app.request('POST', `/v1/ledgers/${ledgerId}/transactions`, {
      token: owner.token,
      body,
    });
    if (status !== 201) throw new Error(text);
  }

  async function page(ledgerId: string, query: string): Promise<Page> {
    const path = `/v1/ledgers/${ledgerId}/transactions?${query}`;
    const { status, body } = await app.request('GET', path, { token: owner.token });
    expect([query, status]).toEqual([query, 200]);
    const { items, next, previous } = body as Omit<Page, 'sequences'> & { items: { sequence: number }[] };
    return { sequences: items.map(({ sequence }) => sequence), next, previous };
  }

  it.each([
    'accountPrefix=assets:&effectiveFrom=2026-01-01T00:00:00Z',
    'accountPrefix=assets:&effectiveTo=2027-01-01T00:00:00Z&currency=EUR',
    'accountPrefix=assets:&currency=EUR&amountFrom=1.00&amountTo=1.00',
    'accountPrefix=assets:&status=posted',
    'accountPrefix=assets:',
  ])('API-11 %s stays newest first, and its cursors last, while balances become many', async (query) => {
    const ledgerId = await openLedger();
    // effective in another order than recorded; 30 balances that most entries are of, then none of theirs
    for (let n = 0; n < 12; n += 1) await post(ledgerId, wallets(0, 30), `2026-02-${28 - n}T00:00:00Z`);
    const first = await page(ledgerId, `${query}&limit=3`);
    expect(first.sequences).toEqual([12, 11, 10]);
    for (let n = 0; n < 25; n += 1) await post(ledgerId, ['expenses:rent'], '2026-02-01T00:00:00Z');
    const seen = (await page(ledgerId, `${query}&limit=5`)).sequences;
    expect(seen).toEqual([12, 11, 10, 9, 8]);

    await post(ledgerId, wallets(30, 250), '2026-02-01T00:00:00Z');
    const rest: number[] = [];
    for (let { next } = first; next !== null;) {
      const more = await page(ledgerId, `limit=3&cursor=${next}`);
      rest.push(...more.sequences);
      ({ next } = more);
    }
    expect(rest).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect((await page(ledgerId, query)).sequences).toEqual([38, 12, 11, 10, ...rest]);
  });

  it('API-11 a page that next to nothing fits into ends after a bound, and its cursors go on both ways', async () => {
    const ledgerId = await openLedger();
    for (let n = 0; n < 3; n += 1) await post(ledgerId, ['assets:cash'], '2026-02-01T00:00:00Z');
    // nobody could post them: only their number matters
    const admin = new Client({ connectionString: app.database.adminUrl });
    await admin.connect();
    await admin.query('SET session_replication_role = replica');
    await admin.query(
      `INSERT INTO transactions (tenant_id, ledger_id, id, sequence, kind, parent_id, effective_at, created_at, created_by, entry_count, hash)
       SELECT $1, $2, gen_random_uuid(), 3 + s, 'void', $2, now(), now(), $2, 2, decode(repeat('00', 32), 'hex') FROM generate_series(1, ${UNFIT}) s`,
      [owner.tenantId, ledgerId],
    );
    await admin.query('UPDATE ledger_heads SET sequence = 3 + $2 WHERE ledger_id = $1', [ledgerId, UNFIT]);
    await admin.end();

    const forward = [await page(ledgerId, 'kind=posting&limit=2')];
    for (let { next } = forward[0] as Page; next !== null;) {
      const more = await page(ledgerId, `limit=2&cursor=${next}`);
      forward.push(more);
      ({ next } = more);
    }
    expect(forward.flatMap(({ sequences }) => sequences)).toEqual([3, 2, 1]);
    expect(forward.length).toBeGreaterThanOrEqual(4);
    expect(forward[0]).toMatchObject({ sequences: [], previous: null });

    const back: number[] = [];
    for (let previous = (forward.at(-1) as Page).previous, n = 0; previous !== null; n += 1) {
      const more = await page(ledgerId, `limit=2&cursor=${previous}`);
      back.unshift(...more.sequences);
      ({ previous } = more);
      expect(n).toBeLessThan(10);
    }
    expect(back).toEqual([3, 2]);

    const path = `/v1/ledgers/${ledgerId}/transactions?kind=posting`;
    const head = await app.request('HEAD', path, { token: owner.token });
    expect(head.headers.get('x-total-count')).toBe('0+');
  }, 60_000);
});
