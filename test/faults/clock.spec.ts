import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { type AppProcess, startAppProcess } from '../support/app-process';
import { describeUnless } from '../support/leave-out';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { PostingLoad, postOnce } from '../support/posting-load';
import { until } from '../../src/testing/until';

const MINUTE = 60_000;

/** Of Debian's package `faketime`: what is loaded with it sees another time. */
const library = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
const missing = library ? undefined : 'libfaketime is not installed (Debian: faketime)';

describeUnless(missing, 'the clock of a process is ten minutes off, and jumps', () => {
  let folder: string;
  let right: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  let moved: AppProcess;
  let worker: AppProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daybook-clock-'));
    right = await startTestApp();
    owner = await right.createTenantWithOwner();
    ledger = await createLedger(right, owner.token);
    await setClock(0);
    const environment = {
      DATABASE_URL: right.database.databaseUrl,
      REDIS_URL: right.database.redisUrl,
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: join(folder, 'offset'),
      FAKETIME_NO_CACHE: '1',
      // what timers go by is the time since the machine started, which no administrator sets
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      JOBS_SWEEP_INTERVAL_MS: '200',
    };
    moved = await startAppProcess(environment);
    worker = await startAppProcess(environment, 'worker');
  }, 60_000);
  afterAll(async () => {
    for (const process of [moved, worker] as (AppProcess | undefined)[]) await process?.kill();
    await right.close();
    await rm(folder, { recursive: true });
  });

  /** At once and in one step, while the processes run. */
  async function setClock(milliseconds: number): Promise<void> {
    const seconds = milliseconds / 1000;
    await writeFile(join(folder, 'offset.new'), `${seconds < 0 ? '' : '+'}${seconds}s\n`);
    await rename(join(folder, 'offset.new'), join(folder, 'offset'));
  }

  /** Its clock against ours. */
  async function offset(): Promise<number> {
    const answer = await fetch(`${moved.url}/health/live`);
    return new Date(answer.headers.get('date') ?? '').getTime() - Date.now();
  }

  async function ask(method: string, path: string, token?: string, body?: unknown, key = String(Math.random())) {
    const answer = await fetch(moved.url + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Record<string, unknown> };
  }

  async function signIn(): Promise<{ accessToken: string; refreshToken: string }> {
    const { email, password } = owner;
    const { status, body } = await ask('POST', '/v1/auth/sign-in', undefined, { email, password });
    expect(status).toBe(200);
    return body as { accessToken: string; refreshToken: string };
  }

  describe.each([
    ['ten minutes ahead', 10 * MINUTE],
    ['ten minutes behind', -10 * MINUTE],
  ])('%s', (_, milliseconds) => {
    beforeAll(async () => {
      await setClock(milliseconds);
      await until('it is seen', async () => Math.abs((await offset()) - milliseconds) < MINUTE);
    });

    it('people sign in, refresh and sign out there; and what was revoked or is over elsewhere is refused', async () => {
      const first = await signIn();
      expect((await ask('GET', '/v1/me', first.accessToken)).status).toBe(200);
      const refreshed = await ask('POST', '/v1/auth/refresh', undefined, { refreshToken: first.refreshToken });
      expect(refreshed.status).toBe(200);
      const token = refreshed.body.accessToken as string;
      expect((await ask('POST', '/v1/auth/sign-out', token, {})).status).toBe(204);
      expect((await ask('GET', '/v1/me', token)).status).toBe(401);
      expect((await right.request('GET', '/v1/me', { token })).status).toBe(401);
      // a spent refresh token is one whatever the time
      expect((await ask('POST', '/v1/auth/refresh', undefined, { refreshToken: first.refreshToken })).status).toBe(401);
    });

    it('the order and the times of the ledger are those of PostgreSQL; a key is one key on both', async () => {
      const { accessToken } = await signIn();
      const there = { url: moved.url, token: accessToken, path: ledger.path };
      const here = { url: right.url, token: (await newToken()).token, path: ledger.path };
      const name = `order-${milliseconds}`;
      const answers = [];
      for (let n = 0; n < 10; n += 1) answers.push(await postOnce(n % 2 ? there : here, `${name}-${n}`));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      const times = answers.map(({ createdAt }) => createdAt);
      expect(times).toEqual([...times].sort());
      expect(Math.abs(new Date(times[0] ?? '').getTime() - Date.now())).toBeLessThan(MINUTE);
      for (const [n, { id }] of answers.entries())
        expect(await postOnce(n % 2 ? here : there, `${name}-${n}`)).toMatchObject({ status: 201, id, replayed: true });
    });

    it('REL-06 a hold ends on its second by PostgreSQL’s clock, not by that of whoever is asked', async () => {
      const { accessToken } = await signIn();
      const hold = async (ms: number) => {
        const body = { ...posting('5.00'), status: 'pending', expiresAt: new Date(Date.now() + ms).toISOString() };
        const answer = await right.request('POST', `${ledger.path}/transactions`, {
          ...{ token: (await newToken()).token, body },
        });
        expect([answer.status, answer.text]).toEqual([201, answer.text]);
        return `${ledger.path}/transactions/${(answer.body as { id: string }).id}`;
      };
      const [open, over] = [await hold(5 * MINUTE), await hold(1_000)];
      expect((await ask('POST', `${open}/capture`, accessToken, {})).status).toBe(201);
      await until('it has ended', async () => {
        const { body } = await ask('GET', over, accessToken);
        return body.status === 'expired';
      });
      expect((await ask('POST', `${over}/capture`, accessToken, {})).body.code).toBe('hold-not-pending');
    });

    it('a job is run once, and a schedule keeps its lease', async () => {
      const { accessToken } = await signIn();
      const made = await ask('POST', '/v1/jobs', accessToken, { kind: 'ledger.verify', payload: {} });
      expect(made.status).toBe(202);
      const path = `/v1/jobs/${made.body.id as string}`;
      const done = await until('the job is done', async () => {
        const { body } = await ask('GET', path, accessToken);
        return body.state === 'succeeded' && body;
      });
      expect(done.attempts).toBe(1);
    });
  });

  it('it jumps back and forth under load: nothing is refused, nothing is lost', async () => {
    const { accessToken } = await signIn();
    const load = new PostingLoad('jump', () => ({ url: moved.url, token: accessToken, path: ledger.path }), 4);
    try {
      // not further than the token lasts
      for (const minutes of [-10, -8, -10, -7, -10]) {
        await setClock(minutes * MINUTE);
        const before = load.acknowledged.size;
        await until('postings go on', () => load.acknowledged.size > before + 20);
      }
    } finally {
      await load.stop();
    }
    expect(load.refusals).toEqual([]);
    const rows = await right.sql(`SELECT FROM transactions WHERE reference LIKE 'jump-%'`);
    expect(rows).toHaveLength(load.acknowledged.size);
    expect([await faultsInBooks(right), await faultsInChains(right)]).toEqual([[], []]);
  }, 60_000);

  /** Of the process whose clock is right. */
  async function newToken(): Promise<{ token: string }> {
    const { email, password } = owner;
    const { body } = await right.request('POST', '/v1/auth/sign-in', { body: { email, password } });
    return { token: (body as { accessToken: string }).accessToken };
  }
});
