import { type TestAnswer, startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { type Line, startLine, throughPort } from '../support/line';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { PostingLoad } from '../support/posting-load';
import { until } from '../../src/testing/until';

const DEADLINE_MS = 10_000;
/** What a busy machine may add. */
const SLACK_MS = 1_500;
const CLIENTS = 40;

describe('a slow way to PostgreSQL', () => {
  let database: TestDatabase;
  let line: Line;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;

  beforeAll(async () => {
    database = await createTestDatabase();
    line = await startLine(Number(new URL(database.databaseUrl).port));
    app = await startTestApp(
      {
        DATABASE_URL: throughPort(database.databaseUrl, line.port),
        REQUEST_DEADLINE_MS: String(DEADLINE_MS),
        // to make a connection takes four questions and answers, which are nearly the two seconds that it has otherwise
        DATABASE_POOL_TIMEOUT_MS: '4000',
      },
      { database, logs: { lines: [] as string[] } } as unknown as TestApp,
    );
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
  }, 60_000);
  afterEach(() => {
    line.delay(0);
  });
  afterAll(async () => {
    await app.close();
    await line.close();
    await database.drop();
  });

  const post = (key: string) =>
    app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('1.00', { reference: key }),
      headers: { 'idempotency-key': key },
    });
  const signIn = () =>
    app.request('POST', '/v1/auth/sign-in', { body: { email: owner.email, password: owner.password } });
  const list = () => app.request('GET', `${ledger.path}/transactions`, { token: owner.token });
  const ready = async () => (await fetch(`${app.url}/health/ready`)).status;
  const timed = async (request: Promise<TestAnswer>) => {
    const begun = performance.now();
    return { answer: await request, ms: performance.now() - begun };
  };

  it('200 ms a packet: everything works, and many clients are answered in batches, not one after the other', async () => {
    // as whoever probes it has done all along
    expect(await ready()).toBe(200);
    line.delay(200);
    const answers = await Promise.all([signIn(), list(), post('slow')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 201]);

    const load = new PostingLoad('slow', () => ({ url: app.url, token: owner.token, path: ledger.path }), CLIENTS);
    try {
      // twice each: one by one the second of the last would take a minute
      await until('they are answered', () => load.acknowledged.size >= 2 * CLIENTS, 30_000);
    } finally {
      await load.stop();
    }
    expect(load.slowest).toBeLessThan(DEADLINE_MS + SLACK_MS);
    expect(await ready()).toBe(200);
  }, 60_000);

  it('slower than the deadline: told so by then, out of service, and back by itself; a retry does it once', async () => {
    line.delay(4_000);
    const keys = Array.from({ length: CLIENTS }, (_, n) => `late-${n}`);
    const [answers, others] = await Promise.all([
      Promise.all(keys.map((key) => timed(post(key)))),
      Promise.all([signIn(), list()].map(timed)),
    ]);
    for (const { answer, ms } of [...answers, ...others]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
      expect(['unavailable', 'outcome-unknown', 'ledger-busy']).toContain((answer.body as { code: string }).code);
      expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
    }
    expect(await ready()).toBe(503);

    line.delay(0);
    await until('it serves again', async () => (await post('afterwards')).status === 201, 20_000);
    for (const key of keys) {
      expect([key, (await post(key)).status]).toEqual([key, 201]);
      expect([key, await app.sql('SELECT FROM transactions WHERE reference = $1', [key])]).toEqual([key, [{}]]);
    }
    expect([await faultsInBooks(app), await faultsInChains(app)]).toEqual([[], []]);
  }, 90_000);
});
