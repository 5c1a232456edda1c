import { randomBytes } from 'node:crypto';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { type OwnRedis, startOwnRedis } from '../support/own-servers';
import { until } from '../../src/testing/until';

const LIMIT = 10;

describe('Redis is gone', () => {
  let redis: OwnRedis;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;

  beforeAll(async () => {
    redis = await startOwnRedis();
    app = await startTestApp({
      REDIS_URL: redis.url,
      THROTTLE_LIMIT: '1000000',
      THROTTLE_TENANT_LIMIT: '1000000',
      THROTTLE_SIGN_IN_LIMIT: String(LIMIT),
      TRUST_PROXY: '127.0.0.1',
    });
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await redis.remove();
  });

  /** Sign-ins from one new address, each for another e-mail, until one is refused. @returns how many were let through */
  async function allowance(): Promise<number> {
    const address = `10.${[...randomBytes(3)].join('.')}`;
    for (let count = 0; count <= 2 * LIMIT; count += 1) {
      const { status } = await app.request('POST', '/v1/auth/sign-in', {
        body: { email: `${randomBytes(6).toString('hex')}@test.example`, password: 'not the password' },
        headers: { 'x-forwarded-for': address },
      });
      if (status === 429) return count;
      expect(status).toBe(401);
    }
    throw new Error('never refused');
  }

  const post = () => app.request('POST', `${ledger.path}/transactions`, { token: owner.token, body: posting('1.00') });

  it('API-09 with Redis the whole limit is allowed', async () => {
    expect(await allowance()).toBe(LIMIT);
  });

  it('without it money still moves, quickly, and limits are half as wide; with it again they are whole', async () => {
    await redis.stop();
    const begun = performance.now();
    const answers = await Promise.all(Array.from({ length: 50 }, post));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect((await app.request('GET', ledger.path, { token: owner.token })).status).toBe(200);
    expect(await allowance()).toBe(LIMIT / 2);

    await redis.start();
    await until('limits are shared again', async () => (await allowance()) === LIMIT, 15_000);
    expect((await post()).status).toBe(201);
  }, 40_000);

  it('an emptied one loses the counts and nothing else', async () => {
    await redis.stop();
    await redis.start();
    await until('limits are shared again', async () => (await allowance()) === LIMIT, 15_000);
    expect((await post()).status).toBe(201);
    expect(await faultsInBooks(app)).toEqual([]);
  }, 40_000);

  it('gone from the start, the application starts and serves', async () => {
    await redis.stop();
    const second = await startTestApp({ REDIS_URL: redis.url }, app);
    try {
      const posted = await second.request('POST', `${ledger.path}/transactions`, {
        token: owner.token,
        body: posting('1.00'),
      });
      expect(posted.status).toBe(201);
      expect((await second.request('GET', '/health/live')).status).toBe(200);
    } finally {
      await second.close();
    }
  }, 40_000);
});
