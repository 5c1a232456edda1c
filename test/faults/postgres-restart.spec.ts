import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { type OwnPostgres, startOwnPostgres } from '../support/own-servers';
import { until } from '../../src/testing/until';

const CLIENTS = 15;

describe('PostgreSQL stops at once and comes back while postings arrive', () => {
  let postgres: OwnPostgres;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  /** First answer of each key. */
  const acknowledged = new Map<string, string>();
  const refusals: { status: number; code: string; ms: number }[] = [];
  let lastSuccess = 0;

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    app = await startTestApp();
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await postgres.remove();
  });

  const post = (key: string) =>
    app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('1.00', { reference: key }),
      headers: { 'idempotency-key': key },
    });

  /** A client that does as the documentation says: it repeats 503 with the same key until it has an answer. */
  async function client(name: string, over: () => boolean): Promise<void> {
    for (let index = 0; !over(); index += 1) {
      const key = `${name}-${index}`;
      while (!acknowledged.has(key)) {
        const begun = performance.now();
        const { status, body } = await post(key);
        if (status === 201) {
          acknowledged.set(key, (body as { id: string }).id);
          lastSuccess = performance.now();
          continue;
        }
        refusals.push({ status, code: (body as { code: string }).code, ms: performance.now() - begun });
      }
    }
  }

  it('REL-09 the pool recovers within 5 s, without a restart of the application; refusals are quick 503s', async () => {
    let over = false;
    const clients = Array.from({ length: CLIENTS }, (_, index) => client(`client-${index}`, () => over));
    try {
      for (let round = 1; round <= 2; round += 1) {
        await until('postings go through', () => acknowledged.size > round * 40);
        await postgres.crash();
        // a read while the server is gone: refused, and soon
        const begun = performance.now();
        const read = await app.request('GET', `${ledger.path}/trial-balance`, { token: owner.token });
        if (read.status !== 200)
          expect([read.status, (read.body as { code: string }).code]).toEqual([503, 'unavailable']);
        expect(performance.now() - begun).toBeLessThan(4_000);
        await postgres.start();
        const back = performance.now();
        await until('postings go through again', () => lastSuccess > back, 5_000);
      }
      const enough = acknowledged.size + 50;
      await until('postings go on', () => acknowledged.size > enough);
    } finally {
      over = true;
    }
    await Promise.all(clients);
    for (const { status, code, ms } of refusals) {
      expect([status, ['unavailable', 'outcome-unknown'].includes(code) ? 'known' : code]).toEqual([503, 'known']);
      expect(ms).toBeLessThan(15_000);
    }
  }, 60_000);

  it('REL-05 REL-09 what was acknowledged is there once, under the id that was answered', async () => {
    // the connection for looking was cut as well: the application's own view
    const found = new Map<string, string>();
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await app.request(
        'GET',
        `${ledger.path}/transactions?limit=200${cursor && `&cursor=${cursor}`}`,
        {
          token: owner.token,
        },
      );
      const page = body as { items: { id: string; reference: string }[]; next: string | null };
      for (const { id, reference } of page.items) {
        expect(found.has(reference)).toBe(false);
        found.set(reference, id);
      }
      cursor = page.next;
    }
    expect(found).toEqual(acknowledged);
    for (const key of [...acknowledged.keys()].slice(-20)) {
      const again = await post(key);
      expect([again.status, (again.body as { id: string }).id]).toEqual([201, acknowledged.get(key)]);
    }
    const { body } = await app.request('GET', `${ledger.path}/trial-balance`, { token: owner.token });
    const sum = `${acknowledged.size}.00`;
    expect(body).toMatchObject({ balanced: true, totals: [{ debits: sum, credits: sum, difference: '0.00' }] });
  });

  it('REL-01 REL-02 the rows add up', async () => {
    const beside = await startTestApp({}, app);
    try {
      expect(await faultsInBooks(beside)).toEqual([]);
    } finally {
      await beside.close();
    }
  });
});
