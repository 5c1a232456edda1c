import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { ThrottleStorage } from '../../src/platform/http/throttling/throttle.storage';
import { startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';

const LIMIT = 8;

describe('throttling', () => {
  let app: TestApp;
  let one: TestTenant;
  let other: TestTenant;

  beforeAll(async () => {
    // arranged beside it, so that nothing is used up before the test
    app = await startTestApp({ THROTTLE_LIMIT: String(LIMIT), THROTTLE_SIGN_IN_LIMIT: '5', TRUST_PROXY: '127.0.0.1' });
    const arranger = await startTestApp({ TRUST_PROXY: '', REDIS_PREFIX: 'arranger' }, app);
    one = await arranger.createTenantWithOwner();
    other = await arranger.createTenantWithOwner();
    await arranger.close();
  });

  afterAll(() => app.close());

  const newAddress = () => `10.${[...randomBytes(3)].join('.')}`;
  const newEmail = () => `${randomBytes(6).toString('hex')}@test.example`;

  const read = (token: string | undefined, address = newAddress(), path = '/v1/ledgers') =>
    app.request('GET', path, { ...(token ? { token } : {}), headers: { 'x-forwarded-for': address } });

  const signIn = (email: string, address: string, password = 'not the password of anybody') =>
    app.request('POST', '/v1/auth/sign-in', { body: { email, password }, headers: { 'x-forwarded-for': address } });

  function expectRefusal(answer: TestAnswer, policy: string, quota: number): void {
    expect(answer.status).toBe(429);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      status: 429,
      code: 'rate-limited',
      'violated-policies': [policy],
    });
    const limits = answer.headers.get('ratelimit') ?? '';
    const left = new RegExp(`"${policy}";r=0;t=(\\d+)`).exec(limits);
    expect(left).not.toBeNull();
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(Number(left?.[1]));
    expect(Number(left?.[1])).toBeLessThanOrEqual(60);
    expect(answer.headers.get('ratelimit-policy')).toContain(`"${policy}";q=${quota};w=60`);
  }

  it('API-09 a credential has a quota, wherever it comes from, and every answer says what is left', async () => {
    for (let used = 1; used <= LIMIT; used += 1) {
      const answer = await read(one.token);
      expect([answer.status, answer.headers.get('ratelimit-policy')]).toEqual([
        200,
        `"default";q=${LIMIT};w=60, "tenant";q=1000000;w=60`,
      ]);
      expect(answer.headers.get('ratelimit')).toMatch(
        new RegExp(`^"default";r=${LIMIT - used};t=([1-9]|[1-5]\\d|60), "tenant";r=\\d+;t=\\d+$`),
      );
    }
    for (let more = 0; more < 3; more += 1) expectRefusal(await read(one.token), 'default', LIMIT);
  });

  it('TEN-08 what one uses up is nobody else’s', async () => {
    expectRefusal(await read(one.token), 'default', LIMIT);
    const answer = await read(other.token);
    expect([answer.status, answer.headers.get('ratelimit')?.split(';')[1]]).toEqual([200, `r=${LIMIT - 1}`]);
  });

  it('without a credential, or with one that is no good, the address counts', async () => {
    for (const token of [undefined, 'x.y.z']) {
      const address = newAddress();
      const statuses: number[] = [];
      for (let count = 0; count < LIMIT + 2; count += 1) statuses.push((await read(token, address)).status);
      expect([token, statuses]).toEqual([token, [...Array<number>(LIMIT).fill(401), 429, 429]]);
      expect((await read(token, newAddress())).status).toBe(401);
    }
  });

  it('an address that nobody vouches for is not believed', async () => {
    const direct = await startTestApp({ THROTTLE_LIMIT: '3', TRUST_PROXY: '', REDIS_PREFIX: 'direct' }, app);
    try {
      const statuses: number[] = [];
      for (let count = 0; count < 5; count += 1)
        statuses.push(
          (await direct.request('GET', '/v1/ledgers', { headers: { 'x-forwarded-for': newAddress() } })).status,
        );
      expect(statuses).toEqual([401, 401, 401, 429, 429]);
    } finally {
      await direct.close();
    }
  });

  it('AUTH-06 five sign-ins a minute from one address, whoever they are for', async () => {
    const address = newAddress();
    for (let count = 0; count < 5; count += 1) {
      const answer = await signIn(newEmail(), address);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('ratelimit-policy')).toBe('"sign-in-address";q=5;w=60, "sign-in-email";q=5;w=60');
    }
    expectRefusal(await signIn(newEmail(), address), 'sign-in-address', 5);
    // the right password does not help, and another address is free
    expectRefusal(await signIn(other.email, address, other.password), 'sign-in-address', 5);
    expect((await signIn(other.email, newAddress(), other.password)).status).toBe(200);
  });

  it('AUTH-06 five sign-ins a minute for one e-mail, in any spelling, from wherever, whether somebody has it or not', async () => {
    for (const email of [newEmail(), one.email]) {
      for (let count = 0; count < 5; count += 1) {
        const spelling = count % 2 ? email.toUpperCase() : ` ${email} `;
        expect([200, 400, 401]).toContain((await signIn(spelling, newAddress())).status);
      }
      expectRefusal(await signIn(email, newAddress()), 'sign-in-email', 5);
    }
    expect((await signIn(newEmail(), newAddress())).status).toBe(401);
  });

  it('AUTH-06 a flood of sign-ins at once gets no more than the quota', async () => {
    const address = newAddress();
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => (await signIn(newEmail(), address)).status),
    );
    expect(statuses.filter((status) => status !== 429)).toHaveLength(5);
  });

  it('requests of one caller that come at once are counted one by one, by several processes together', async () => {
    const second = await startTestApp({ REDIS_PREFIX: '' }, app);
    try {
      const storages = [app, second].map((process) => process.app.get(ThrottleStorage));
      const key = randomBytes(8).toString('hex');
      const counts = await Promise.all(
        Array.from({ length: 300 }, async (_, index) => {
          // some before, some while and some after a command is under way
          for (let turn = 0; turn < index % 5; turn += 1) await setImmediate();
          return (await (storages[index % 2] as ThrottleStorage).increment(key, 60_000, 250)).totalHits;
        }),
      );
      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    } finally {
      await second.close();
    }
  });

  it('health is not limited', async () => {
    const address = newAddress();
    for (let count = 0; count < 3 * LIMIT; count += 1)
      expect((await read(undefined, address, '/health/live')).status).toBe(200);
  });

  it('the quota is 100 a minute, and 5 for sign-ins, unless it is set otherwise', async () => {
    const plain = await startTestApp(
      {
        THROTTLE_LIMIT: '',
        THROTTLE_TENANT_LIMIT: '',
        THROTTLE_SIGN_IN_LIMIT: '',
        TRUST_PROXY: '',
        REDIS_PREFIX: 'plain',
      },
      app,
    );
    try {
      const answer = await plain.request('GET', '/v1/ledgers', { token: other.token });
      expect(answer.headers.get('ratelimit-policy')).toBe('"default";q=100;w=60, "tenant";q=60000;w=60');
      const attempt = await plain.request('POST', '/v1/auth/sign-in', {
        body: { email: newEmail(), password: 'x'.repeat(20) },
      });
      expect(attempt.headers.get('ratelimit-policy')).toContain('"sign-in-email";q=5;w=60');
    } finally {
      await plain.close();
    }
  });
});
