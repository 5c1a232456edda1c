import { pbkdf2 } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from '../support/own-servers';
import { PostingLoad } from '../support/posting-load';
import { until } from '../../src/testing/until';

const DEADLINE_MS = 3_000;
/** What a busy machine may add. */
const SLACK_MS = 1_500;
const FROZEN_MS = 6_000;

describe('what answers nothing, and is not gone', () => {
  let postgres: OwnPostgres;
  let redis: OwnRedis;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startOwnPostgres(), startOwnRedis()]);
    app = await startTestApp({
      REQUEST_DEADLINE_MS: String(DEADLINE_MS),
      DATABASE_TRANSACTION_TIMEOUT_MS: '2500',
      REDIS_URL: redis.url,
      // of a throttle that counts each sign-in in Redis
      THROTTLE_SIGN_IN_LIMIT: '1000',
    });
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await Promise.all([postgres.remove(), redis.remove()]);
  }, 60_000);

  const post = (key: string) =>
    app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('1.00', { reference: key }),
      headers: { 'idempotency-key': key },
    });
  const signIn = () =>
    app.request('POST', '/v1/auth/sign-in', { body: { email: owner.email, password: owner.password } });
  const code = ({ body }: TestAnswer) => (body as { code?: string } | undefined)?.code;
  const times = async (key: string) => (await app.sql('SELECT FROM transactions WHERE reference = $1', [key])).length;

  /** How long it took, beside the answer. */
  async function timed(request: Promise<TestAnswer>): Promise<{ answer: TestAnswer; ms: number }> {
    const begun = performance.now();
    return { answer: await request, ms: performance.now() - begun };
  }

  async function frozen<T>(
    server: { freeze(): unknown; thaw(): unknown },
    ms: number,
    work: () => Promise<T>,
  ): Promise<T> {
    await server.freeze();
    try {
      return (await Promise.all([work(), delay(ms)]))[0];
    } finally {
      await server.thaw();
    }
  }

  it('REL-09 PostgreSQL frozen: every request is answered by its deadline, truly, and a retry does it once', async () => {
    const requests = () => ({
      postings: Promise.all(Array.from({ length: 6 }, (_, n) => timed(post(`frozen-${n}`)))),
      others: Promise.all(
        [
          signIn(),
          app.request('GET', `${ledger.path}/transactions`, { token: owner.token }),
          app.request('POST', `${ledger.path}/accounts`, {
            ...{ token: owner.token, body: { code: 'frozen', type: 'asset' } },
            headers: { 'idempotency-key': 'frozen-account' },
          }),
          app.request('POST', '/v1/jobs', { token: owner.token, body: { kind: 'ledger.verify', payload: {} } }),
        ].map(timed),
      ),
    });
    const answers = await frozen(postgres, FROZEN_MS, async () => {
      const { postings, others } = requests();
      return { postings: await postings, others: await others };
    });
    for (const { answer, ms } of [...answers.postings, ...answers.others]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      expect(['unavailable', 'outcome-unknown']).toContain(code(answer));
      expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
    }
    await until('it serves again', async () => (await post('thawed')).status === 201, 15_000);
    // what was said to have changed nothing has changed nothing, also later
    for (const [n, { answer }] of answers.postings.entries())
      if (code(answer) === 'unavailable') expect([n, await times(`frozen-${n}`)]).toEqual([n, 0]);
    for (let n = 0; n < 6; n += 1) {
      expect((await post(`frozen-${n}`)).status).toBe(201);
      expect([n, await times(`frozen-${n}`)]).toEqual([n, 1]);
    }
    expect((await signIn()).status).toBe(200);
  }, 60_000);

  it('REL-09 it freezes under load: nobody waits longer, nothing acknowledged is lost, nothing is there twice', async () => {
    const load = new PostingLoad('load', () => ({ url: app.url, token: owner.token, path: ledger.path }), 8);
    try {
      await delay(500);
      await frozen(postgres, FROZEN_MS, () => Promise.resolve());
      const before = load.acknowledged.size;
      await until('the load goes on', () => Promise.resolve(load.acknowledged.size > before + 20), 15_000);
    } finally {
      await load.stop();
    }
    expect(load.slowest).toBeLessThan(DEADLINE_MS + SLACK_MS);
    const rows = await app.sql<{ id: string; reference: string }>(
      `SELECT id, reference FROM transactions WHERE reference LIKE 'load-%'`,
    );
    expect(rows).toHaveLength(load.acknowledged.size);
    for (const { id, reference } of rows)
      expect([reference, load.acknowledged.get(reference)?.id]).toEqual([reference, id]);
    expect([await faultsInBooks(app), await faultsInChains(app)]).toEqual([[], []]);
  }, 60_000);

  it('a lock on a table holds postings and sign-ins no longer than that', async () => {
    const admin = new Client({ connectionString: app.database.adminUrl });
    await admin.connect();
    try {
      await admin.query('BEGIN; LOCK TABLE entries, sessions IN ACCESS EXCLUSIVE MODE');
      const answers = await Promise.all([post('locked'), signIn()].map(timed));
      for (const { answer, ms } of answers) {
        expect(answer.status).toBe(503);
        // a second attempt may be under way when the time is over
        expect(['unavailable', 'outcome-unknown']).toContain(code(answer));
        expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
      }
    } finally {
      await admin.end();
    }
    expect([(await post('locked')).status, (await signIn()).status]).toEqual([201, 200]);
    expect(await times('locked')).toBe(1);
  }, 30_000);

  it('API-19 a stream of a job says that it ends because the database is gone, and goes on from there later', async () => {
    const job = { token: owner.token, body: { kind: 'ledger.verify', payload: {} } };
    const { body } = await app.request('POST', '/v1/jobs', job);
    const stream = () =>
      fetch(`${app.url}/v1/jobs/${(body as { id: string }).id}/events`, {
        headers: { authorization: `Bearer ${owner.token}` },
      });
    const open = await stream();
    await postgres.crash();
    try {
      expect(await open.text()).toMatch(/event: closing\ndata: \{"reason":"unavailable"\}\n\n$/);
      expect((await stream()).status).toBe(503);
    } finally {
      await postgres.start();
    }
    const again = await until('it is there again', async () => {
      const answer = await stream();
      return answer.status === 200 && answer;
    });
    await again.body?.cancel();
  }, 60_000);

  it('Redis frozen: money moves, people sign in, jobs are taken, all by the deadline', async () => {
    const answers = await frozen(redis, 0, () =>
      Promise.all(
        [
          ...[post('redis-frozen'), signIn()],
          app.request('POST', '/v1/jobs', { token: owner.token, body: { kind: 'ledger.verify', payload: {} } }),
        ].map(timed),
      ),
    );
    expect(answers.map(({ answer }) => answer.status)).toEqual([201, 200, 202]);
    for (const { ms } of answers) expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
  }, 30_000);

  it('a hash that does not end: the sign-in is answered by its deadline, and others go on', async () => {
    // all threads that hash are taken
    const busy = Promise.all(Array.from({ length: 4 }, () => promisify(pbkdf2)('x', 'y', 2_000_000, 64, 'sha512')));
    const [signedIn, posted] = await Promise.all([signIn(), post('while-hashing')].map(timed));
    expect([signedIn?.answer.status, signedIn && code(signedIn.answer)]).toEqual([503, 'unavailable']);
    expect(signedIn?.ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
    expect([posted?.answer.status, (posted?.ms ?? 0) < DEADLINE_MS]).toEqual([201, true]);
    await busy;
    expect((await signIn()).status).toBe(200);
  }, 60_000);
});
