import { startTestApp, type TestApp, type TestPerson } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { until } from '../../src/testing/until';

interface Page {
  readonly items: { id: string; sequence: number; version: number }[];
  readonly next: string | null;
  readonly previous: string | null;
}

let app: TestApp;
let second: TestApp;
let people: TestPerson[];
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp();
  second = await startTestApp({}, app);
  const owner = await app.createTenantWithOwner();
  people = [owner, await app.signIn('accountant', owner.tenantId), await app.signIn('admin', owner.tenantId)];
  ledger = await createLedger(app, owner.token);
});
afterAll(async () => {
  expect([await faultsInBooks(app), await faultsInChains(app)]).toEqual([[], []]);
  await second.close();
  await app.close();
});

const by = (n: number) => people[n % people.length] as TestPerson;
const post = (n: number, path = '', body: unknown = posting('1.00'), key = `key-${n}-${path}`) =>
  (n % 2 ? app : second).request('POST', `${ledger.path}/transactions${path}`, {
    ...{ token: by(n).token, body, headers: { 'idempotency-key': key } },
  });

async function page(what: string, query: string): Promise<Page> {
  const { status, body, text } = await app.request('GET', `${ledger.path}/${what}?${query}`, { token: by(0).token });
  if (status !== 200) throw new Error(text);
  return body as Page;
}

describe('the sequence is the audit trail and the source of events', () => {
  it('REL-10 each accepted change is one row of it, with who and when, in the commit of all that it changed; a refused one none', async () => {
    const began = Date.now();
    const accepted = new Map<string, string>();
    let end = 0;
    const note = (n: number, { status, body }: { status: number; body: unknown }) => {
      const { id } = body as { id: string };
      if (status === 201) accepted.set(id, by(n).userId);
      return id;
    };
    await Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const pending = n % 2 ? { status: 'pending' } : {};
        if (n % 8 === 1) end = Date.now() + 4_000;
        const expiry = n % 8 === 1 ? { expiresAt: new Date(end).toISOString() } : {};
        const first = await post(n, '', { ...posting('2.00'), ...pending, ...expiry });
        const id = note(n, first);
        // a retry, and what is refused
        await post(n, '', { ...posting('2.00'), ...pending, ...expiry });
        await post(n, '', posting('2.00', { debit: 'nobody' }), `refused-${n}`);
        if (n % 8 === 1) return;
        note(n + 1, await post(n + 1, n % 2 ? `/${id}/capture` : `/${id}/reverse`, { amount: '0.50' }, `part-${n}`));
        if (n % 4 === 3) note(n + 2, await post(n + 2, `/${id}/void`, {}, `void-${n}`));
      }),
    );
    await until('holds have ended', () => Date.now() > end);
    note(0, await post(0, '', posting('1.00'), 'last'));
    const rows = await app.sql<{
      id: string;
      sequence: string;
      kind: string;
      created_by: string;
      created_at: Date;
      commits: number;
    }>(
      `SELECT t.id, t.sequence, t.kind, t.created_by, t.created_at,
              (SELECT count(DISTINCT x)::int FROM (SELECT t.xmin::text AS x
                 UNION ALL SELECT e.xmin::text FROM entries e WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id
                 UNION ALL SELECT k.xmin::text FROM idempotency_keys k WHERE k.tenant_id = t.tenant_id AND k.resource_id = t.id) c) AS commits
         FROM transactions t WHERE t.ledger_id = $1 ORDER BY t.sequence`,
      [ledger.id],
    );
    const expiries = rows.filter(({ kind }) => kind === 'expiry');
    expect(expiries).toHaveLength(3);
    expect(rows.map(({ sequence }) => Number(sequence))).toEqual(rows.map((_, index) => index + 1));
    expect(rows.length - expiries.length).toBe(accepted.size);
    for (const { id, kind, created_by, created_at, commits } of rows) {
      const who = kind === 'expiry' ? '00000000-0000-0000-0000-000000000000' : accepted.get(id);
      expect([id, created_by, commits]).toEqual([id, who, 1]);
      expect(created_at.getTime()).toBeGreaterThanOrEqual(began);
      expect(created_at.getTime()).toBeLessThanOrEqual(Date.now());
    }
    expect(rows.map(({ created_at }) => created_at)).toEqual(
      rows.map(({ created_at }) => created_at).sort((a, b) => a.getTime() - b.getTime()),
    );
  });
});

describe('lists while others commit', () => {
  let over = false;
  let posted = 0;
  let traffic: Promise<unknown>;
  beforeAll(() => {
    const client = async (index: number) => {
      for (let n = index; !over; n += 6) {
        await post(n, '', posting('1.00'), `traffic-${n}`);
        posted += 1;
      }
    };
    traffic = Promise.all(Array.from({ length: 6 }, (_, index) => client(index)));
  });
  afterAll(async () => {
    over = true;
    await traffic;
  });

  it('REL-15 pages from the newest to the oldest have every transaction once', async () => {
    await until('there is something to page through', () => posted > 60);
    for (let round = 0; round < 3; round += 1) {
      const sequences: number[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const found: Page = await page('transactions', `limit=17${cursor && `&cursor=${cursor}`}`);
        sequences.push(...found.items.map(({ sequence }) => sequence));
        cursor = found.next;
      }
      const [newest = 0] = sequences;
      expect(newest).toBeGreaterThan(60);
      expect(sequences).toEqual(Array.from({ length: newest }, (_, index) => newest - index));
    }
  });

  it('REL-15 a reader who goes on from where it was gets every later transaction once, however late it commits', async () => {
    const newest = await page('transactions', 'limit=5');
    let { items, previous } = await page('transactions', `limit=5&cursor=${newest.next}`);
    const seen = items.map(({ sequence }) => sequence).reverse();
    const enough = posted + 80;
    await until(
      'the reader has followed for a while',
      async () => {
        const found = await page('transactions', `limit=5&cursor=${previous}`);
        // the newest page grows still: it is read again until there is one after it
        if (found.previous !== null) {
          ({ items, previous } = found);
          seen.push(...items.map(({ sequence }) => sequence).reverse());
        }
        // it need not catch up: others may be faster than it is
        return posted > enough && seen.length > 40;
      },
      25_000,
    );
    expect(seen.length).toBeGreaterThan(40);
    expect(seen).toEqual(seen.map((_, index) => (seen[0] as number) + index));
  });

  it('REL-15 so has a reader of an account’s entries', async () => {
    const versions: number[] = [];
    let next: string | null = '';
    const enough = posted + 60;
    await until(
      'the reader has followed for a while',
      async () => {
        if (next !== null) {
          const found = await page('accounts/cash/entries', `limit=50${next && `&cursor=${next}`}`);
          versions.push(...found.items.map(({ version }) => version));
          next = found.next;
        }
        return posted > enough && versions.length > 60;
      },
      60_000,
    );
    expect(versions.length).toBeGreaterThan(60);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  });
});
