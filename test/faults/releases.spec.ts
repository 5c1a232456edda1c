import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { type AppProcess, startAppProcess } from '../support/app-process';
import { describeUnless } from '../support/leave-out';
import { createLedger, faultsInBooks, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { PostingLoad, postOnce } from '../support/posting-load';
import { until } from '../../src/testing/until';

const ROOT = join(__dirname, '../..');

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** The last state of the sources that did not have the newest migration yet. */
function before(): string | undefined {
  try {
    const added = git('log', '-1', '--format=%H', '--diff-filter=A', '--', ':(glob)src/**/migrations/[0-9]*.ts');
    return git('rev-parse', `${added}^`);
  } catch {
    return undefined;
  }
}

const commit = before();

/** As while a release is rolled out: `migrate` has run, and its processes replace the old ones one by one. */
describeUnless(commit ? undefined : 'needs git and the history', 'old and new release on one schema', () => {
  let folder: string;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  let older: AppProcess;
  let olderWorker: AppProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daybook-release-'));
    const archive = execFileSync('git', ['archive', commit ?? '', 'src', 'package.json', 'tsconfig.json'], {
      ...{ cwd: ROOT, maxBuffer: 64 << 20 },
    });
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '200' });
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
    const environment = { DATABASE_URL: app.database.databaseUrl, REDIS_URL: app.database.redisUrl };
    older = await startAppProcess(environment, 'main', folder);
    olderWorker = await startAppProcess(environment, 'worker', folder);
  }, 120_000);
  afterAll(async () => {
    for (const process of [older, olderWorker] as (AppProcess | undefined)[]) await process?.kill();
    await app.close();
    await rm(folder, { recursive: true });
  });

  const postbox = ({ url }: { url: string }) => ({ url, token: owner.token, path: ledger.path });

  it('the older one has not the newest migration, and is ready', async () => {
    const readiness = await fetch(`${older.url}/health/ready`);
    expect([readiness.status, await readiness.json()]).toMatchObject([200, { status: 'ok' }]);
    const timesAt = (state: string) =>
      git('ls-tree', '-r', '--name-only', state, 'src')
        .split('\n')
        .map((file) => /\/migrations\/(\d+)-/.exec(file)?.[1] ?? '');
    const newest = timesAt('HEAD').sort().at(-1);
    expect(timesAt(commit ?? '')).not.toContain(newest);
  });

  it('both post to one ledger, and each answers the other’s keys as it did', async () => {
    const loads = [app, older].map((each, n) => new PostingLoad(`both-${n}`, () => postbox(each), 4));
    try {
      await until('both post', () => loads.every(({ acknowledged }) => acknowledged.size > 100), 30_000);
    } finally {
      for (const load of loads) await load.stop();
    }
    for (const [n, { acknowledged, refusals }] of loads.entries()) {
      expect(refusals).toEqual([]);
      for (const [key, { id }] of [...acknowledged].slice(0, 20))
        expect(await postOnce(postbox(n ? app : older), key)).toMatchObject({ status: 201, id, replayed: true });
    }
    const total = loads.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
    expect(await app.sql(`SELECT FROM transactions WHERE reference LIKE 'both-%'`)).toHaveLength(total);
    expect([await faultsInBooks(app), await faultsInChains(app)]).toEqual([[], []]);
  }, 60_000);

  it('what one made the other reads, and the older worker runs the newer one’s jobs', async () => {
    const headers = { authorization: `Bearer ${owner.token}` };
    for (const path of ['/trial-balance', '/transactions', '/accounts', '/accounts/cash/balances']) {
      const [one, other] = await Promise.all(
        [app, older].map(({ url }) => fetch(url + ledger.path + path, { headers })),
      );
      expect([path, one?.status, other?.status]).toEqual([path, 200, 200]);
      const [a, b] = [(await one?.json()) as Record<string, unknown>, (await other?.json()) as Record<string, unknown>];
      // one is read a moment later than the other
      for (const each of [a, b]) delete each.asOf;
      expect([path, b.items ?? b.totals]).toEqual([path, a.items ?? a.totals]);
    }
    const made = await app.request('POST', '/v1/jobs', {
      token: owner.token,
      body: { kind: 'ledger.verify', payload: {} },
    });
    const job = `/v1/jobs/${(made.body as { id: string }).id}`;
    await until('the job is done', async () => {
      const { body } = await app.request('GET', job, { token: owner.token });
      return (body as { state: string }).state === 'succeeded';
    });
    const signedIn = await fetch(`${older.url}/v1/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: owner.email, password: owner.password }),
    });
    const { accessToken } = (await signedIn.json()) as { accessToken: string };
    expect((await app.request('GET', '/v1/me', { token: accessToken })).status).toBe(200);
    expect((await app.request('POST', '/v1/auth/sign-out', { token: accessToken })).status).toBe(204);
    await until(
      'it is heard',
      async () => {
        const answer = await fetch(`${older.url}/v1/me`, { headers: { authorization: `Bearer ${accessToken}` } });
        return answer.status === 401;
      },
      1_000,
    );
  }, 60_000);
});
