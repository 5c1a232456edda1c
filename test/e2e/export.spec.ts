import { get as httpGet, type IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { BookClient, HEADER, manyTransactions } from '../support/books';
import { until } from '../../src/testing/until';
import { asSuperuser } from '../support/worker';
import { daybook } from '../../src/app';

/** More than what lies in sockets and streams between the server and a client that does not read. */
const TRANSACTIONS = 40_000;

let app: TestApp;
let owner: TestTenant;
let books: BookClient;
let ledgerId: string;

beforeAll(async () => {
  app = await startTestApp(
    { JOBS_SWEEP_INTERVAL_MS: '100', REDIS_PREFIX: 'daybook-test', DATABASE_POOL_SIZE: '10' },
    undefined,
    daybook.workerModule,
  );
  owner = await app.createTenantWithOwner();
  books = new BookClient(app, owner.token);
  ledgerId = await books.newLedger();
  expect((await books.import(ledgerId, manyTransactions(TRANSACTIONS))).result).toMatchObject({ posted: TRANSACTIONS });
}, 120_000);

afterAll(() => app.close());

/** An export whose client has read its head and nothing more. */
function begin(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpGet(
      `${app.url}/v1/ledgers/${ledgerId}/exports/${path}`,
      { headers: { authorization: `Bearer ${owner.token}` }, agent: false },
      resolve,
    ).on('error', reject);
  });
}

const exporting = () =>
  asSuperuser<{ pid: number }>(
    app.database,
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'daybook-app'
        AND state = 'idle in transaction' AND query LIKE 'SELECT t.id, t.ledger_id%'`,
  );

describe('an export', () => {
  it('is whole, of one moment, and its rows are those that were posted', async () => {
    const { text, headers } = await books.get(`/v1/ledgers/${ledgerId}/exports/csv`);
    expect(headers.get('content-length')).toBeNull();
    const lines = text.split('\r\n');
    expect(lines).toHaveLength(1 + 2 * TRANSACTIONS + 1);
    expect(lines.slice(0, 3)).toEqual([
      HEADER.trim(),
      '1,2026-01-01,Sale 1,assets:cash,EUR,1.25',
      '1,2026-01-01,Sale 1,revenue:sales,EUR,-1.25',
    ]);
    expect(lines.at(-2)).toBe(`${TRANSACTIONS},2026-01-01,Sale ${TRANSACTIONS},revenue:sales,EUR,-1.25`);
  });

  it('waits for a client that reads slowly, and does not show what is posted meanwhile', async () => {
    const answer = await begin('csv');
    await until('the export waits', async () => (await exporting()).length === 1);
    const later = `${HEADER}900000,2026-01-02,later,assets:cash,EUR,1\n900000,2026-01-02,later,revenue:sales,EUR,-1\n`;
    expect((await books.import(ledgerId, later)).state).toBe('succeeded');
    let lines = 0;
    for await (const chunk of answer) lines += (chunk as Buffer).toString().split('\n').length - 1;
    expect(lines).toBe(1 + 2 * TRANSACTIONS);
    expect(answer.complete).toBe(true);
  });

  it('lets go of its connection when the client hangs up', async () => {
    const answer = await begin('journal');
    await until('the export waits', async () => (await exporting()).length === 1);
    answer.destroy();
    await until('the connection is free', async () => (await exporting()).length === 0);
    const again = await begin('csv');
    again.destroy();
    await until('the connection is free', async () => (await exporting()).length === 0);
    expect(app.logs.text()).not.toContain('an export broke off');
  });

  it('that fails half way does not look whole', async () => {
    const answer = await begin('csv');
    const [{ pid }] = (await until('the export waits', async () => {
      const found = await exporting();
      return found.length === 1 && found;
    })) as [{ pid: number }];
    await asSuperuser(app.database, 'SELECT pg_terminate_backend($1)', [pid]);
    const reading = (async () => {
      answer.resume();
      await finished(answer);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(answer.statusCode).toBe(200);
    expect(answer.complete).toBe(false);
    expect(app.logs.text()).toContain('an export broke off');
  });

  it('more than a few at once are asked to come back', async () => {
    const first = await begin('csv');
    const second = await begin('csv');
    await until('both wait', async () => (await exporting()).length === 2);
    const third = await begin('csv');
    expect([third.statusCode, third.headers['retry-after']]).toEqual([503, '5']);
    for (const answer of [first, second, third]) answer.destroy();
    await until('the connections are free', async () => (await exporting()).length === 0);
    expect((await books.get(`/v1/ledgers/${ledgerId}/exports/csv?asOf=2020-01-01T00:00:00Z`)).text.trim()).toBe(
      HEADER.trim(),
    );
  });
});
