import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

describe('COMMIT was sent and its answer is lost', () => {
  let proxy: TcpProxy;
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;

  beforeAll(async () => {
    const direct = process.env.TEST_DATABASE_URL ?? '';
    const through = new URL(direct);
    proxy = await startTcpProxy({ host: through.hostname, port: Number(through.port) });
    through.port = String(proxy.port);
    // the application's connections go through the proxy; those that arrange and look do not
    process.env.TEST_DATABASE_URL = through.href;
    app = await startTestApp({ ENGINE_BATCH_COMMANDS: '10' });
    process.env.TEST_DATABASE_URL = direct;
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
  });

  afterAll(async () => {
    await app.close();
    await proxy.close();
  });

  const post = (key: string) =>
    app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('1.00', { reference: key }),
      headers: { 'idempotency-key': key },
    });

  const times = async (key: string): Promise<number> => {
    const [row] = await app.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM transactions WHERE reference = $1',
      [key],
    );
    return row?.count ?? 0;
  };

  const count = async () => (await app.sql('SELECT FROM transactions')).length;

  const idOf = (answer: { body: unknown }) => (answer.body as { id: string }).id;

  it.each(['answer', 'request'] as const)(
    'REL-05 REL-09 a posting whose %s is lost is posted once, and the caller learns it',
    async (what) => {
      const before = proxy.lost;
      proxy.loseCommits(what, 1);
      const first = await post(`lost-${what}`);
      expect([proxy.lost, first.status, await times(`lost-${what}`)]).toEqual([before + 1, 201, 1]);
      const again = await post(`lost-${what}`);
      expect([again.status, idOf(again), again.headers.get('idempotent-replayed')]).toEqual([201, idOf(first), 'true']);
      expect(await times(`lost-${what}`)).toBe(1);
    },
  );

  it.each(['answer', 'request'] as const)(
    'REL-05 many at once, with %ss lost again and again: each is there once',
    async (what) => {
      const keys = Array.from({ length: 60 }, (_, index) => `many-${what}-${index}`);
      const before = proxy.lost;
      // of six batches and their retries
      proxy.loseCommits(what, 3);
      const answers = await Promise.all(keys.map(post));
      expect(proxy.lost).toBe(before + 3);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      for (const [index, key] of keys.entries()) {
        const [row] = await app.sql<{ id: string }>('SELECT id FROM transactions WHERE reference = $1', [key]);
        expect([key, await times(key), row?.id]).toEqual([key, 1, idOf(answers[index] as never)]);
      }
    },
  );

  it('REL-09 when it never gets through the caller is told that the outcome is unknown, soon, and a retry resolves it', async () => {
    proxy.loseCommits('request', 1_000);
    const begun = performance.now();
    const answer = await post('never');
    expect([answer.status, (answer.body as { code: string }).code, answer.headers.get('retry-after')]).toEqual([
      503,
      'outcome-unknown',
      '1',
    ]);
    expect(performance.now() - begun).toBeLessThan(12_000);
    expect(await times('never')).toBe(0);
    proxy.loseCommits('request', 0);
    expect((await post('never')).status).toBe(201);
    expect(await times('never')).toBe(1);
  });

  it.each(['answer', 'request'] as const)(
    'REL-05 REL-06 REL-07 captures, voids, reversals and atomic bulk whose %s is lost happen once, and a retry replays them',
    async (what) => {
      const ask = (path: string, key: string, body: unknown) =>
        app.request('POST', `${ledger.path}/transactions${path}`, {
          ...{ token: owner.token, body, headers: { 'idempotency-key': key } },
        });
      const hold = async (name: string) =>
        idOf(await ask('', `${name}-${what}`, { ...posting('10.00'), status: 'pending' }));
      const [captured, voided, original] = [
        ...[await hold('to-capture'), await hold('to-void')],
        idOf(await post(`to-reverse-${what}`)),
      ];
      const items = [posting('1.00'), { kind: 'capture', transactionId: captured, amount: '1.00' }];
      for (const [path, body, effects] of [
        [`/${captured}/capture`, { amount: '4.00' }, 1],
        [`/${voided}/void`, {}, 1],
        [`/${original}/reverse`, { amount: '0.40' }, 1],
        ['/bulk', { atomic: true, items }, 2],
      ] as const) {
        const before = await count();
        const losses = proxy.lost;
        proxy.loseCommits(what, 1);
        const first = await ask(path, `settle-${what}`, body);
        expect([path, proxy.lost, first.status]).toEqual([path, losses + 1, path === '/bulk' ? 200 : 201]);
        const again = await ask(path, `settle-${what}`, body);
        expect([path, again.status, again.headers.get('idempotent-replayed')]).toEqual([path, first.status, 'true']);
        if (path !== '/bulk') expect([path, again.text]).toEqual([path, first.text]);
        expect([path, await count()]).toEqual([path, before + effects]);
      }
      const remaining = async (id: string | undefined) =>
        (
          (await app.request('GET', `${ledger.path}/transactions/${id}`, { token: owner.token })).body as {
            entries: { remaining: string }[];
          }
        ).entries[0]?.remaining;
      expect([await remaining(captured), await remaining(voided), await remaining(original)]).toEqual([
        ...['5.00', '0.00', '0.60'],
      ]);
    },
  );

  it('REL-05 what is created through repositories is an unknown outcome too, and a retry gets the first answer', async () => {
    const create = () =>
      app.request('POST', `${ledger.path}/accounts`, {
        token: owner.token,
        body: { code: 'lost', type: 'asset' },
        headers: { 'idempotency-key': 'account' },
      });
    proxy.loseCommits('answer', 1);
    const first = await create();
    expect([first.status, (first.body as { code: string }).code]).toEqual([503, 'outcome-unknown']);
    const rows = await app.sql<{ id: string }>(`SELECT id FROM accounts WHERE code = 'lost'`);
    expect(rows).toHaveLength(1);
    const again = await create();
    expect([again.status, idOf(again), again.headers.get('idempotent-replayed')]).toEqual([201, rows[0]?.id, 'true']);
    expect(await app.sql(`SELECT id FROM accounts WHERE code = 'lost'`)).toHaveLength(1);
  });

  const bulk = async (key: string, count: number) => {
    const items = Array.from({ length: count }, (_, n) => posting('1.00', { reference: `${key}-${n}` }));
    const headers = { 'idempotency-key': key };
    const answer = await app.request('POST', `${ledger.path}/transactions/bulk`, {
      token: owner.token,
      body: { items },
      headers,
    });
    const { results } = answer.body as { results: { status: number; problem?: { code: string } }[] };
    return { status: answer.status, codes: results.map(({ status, problem }) => problem?.code ?? status) };
  };

  it('REL-05 REL-09 bulk: with answers lost now and then each item is there once, and says so', async () => {
    proxy.loseCommits('answer', 3);
    expect(await bulk('bulk-now-and-then', 60)).toEqual({ status: 200, codes: Array(60).fill(201) });
    expect((await Promise.all([0, 30, 59].map((n) => times(`bulk-now-and-then-${n}`)))).join()).toBe('1,1,1');
  });

  it('REL-09 bulk: what cannot be carried out says so, with all that comes after it, and a retry does it', async () => {
    proxy.loseCommits('request', 1_000);
    const { status, codes } = await bulk('bulk-outage', 60);
    proxy.loseCommits('request', 0);
    expect(status).toBe(200);
    expect(codes[0]).toBe('outcome-unknown');
    expect(codes.slice(30)).toEqual(Array(30).fill('unavailable'));
    expect(await bulk('bulk-outage', 60)).toEqual({ status: 200, codes: Array(60).fill(201) });
    expect((await Promise.all([0, 30, 59].map((n) => times(`bulk-outage-${n}`)))).join()).toBe('1,1,1');
  }, 60_000);

  it('REL-01 REL-02 REL-13 the books add up, and the pool is whole', async () => {
    expect([await faultsInBooks(app), await faultsInChains(app)]).toEqual([[], []]);
    const reads = await Promise.all(
      Array.from({ length: 20 }, () => app.request('GET', `${ledger.path}/trial-balance`, { token: owner.token })),
    );
    expect(new Set(reads.map(({ status }) => status))).toEqual(new Set([200]));
  });
});
