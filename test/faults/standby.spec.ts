import { Client } from 'pg';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { type AppProcess, startAppProcess } from '../support/app-process';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { type Line, startLine, throughPort } from '../support/line';
import { type OwnPostgres, startOwnPostgres } from '../support/own-servers';
import { PostingLoad, postOnce } from '../support/posting-load';
import { startStandby, type Standby } from '../support/standby';
import { until } from '../../src/testing/until';

const CLIENTS = 8;

describe('PostgreSQL has a standby, and is lost', () => {
  let primary: OwnPostgres;
  let standby: Standby;
  let arranger: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  let line: Line;
  /** By the address that leads to the primary. */
  let main: AppProcess;
  /** By the standby's own address. */
  let reader: AppProcess;
  let load: PostingLoad | undefined;

  beforeAll(async () => {
    primary = await startOwnPostgres();
    arranger = await startTestApp();
    owner = await arranger.createTenantWithOwner();
    ledger = await createLedger(arranger, owner.token);
    const { adminUrl, databaseUrl } = arranger.database;
    standby = await startStandby(adminUrl);
    await standby.replicateSynchronously();
    line = await startLine(Number(new URL(databaseUrl).port));
    main = await start(line.port);
    reader = await start(standby.port);
  }, 120_000);

  afterAll(async () => {
    await load?.stop().catch(() => undefined);
    for (const process of [main, reader] as (AppProcess | undefined)[]) await process?.kill();
    await line.close();
    // gone already, unless a test failed: then whatever it commits would wait for the standby
    await primary.crash().catch(() => undefined);
    await arranger.close().catch(() => undefined);
    await standby.remove();
    await primary.remove();
  }, 60_000);

  const start = (port: number) =>
    startAppProcess({
      DATABASE_URL: throughPort(arranger.database.databaseUrl, port),
      REDIS_URL: arranger.database.redisUrl,
      ENGINE_BATCH_COMMANDS: '10',
    });
  const postbox = (app: AppProcess) => ({ url: app.url, token: owner.token, path: ledger.path });

  /** On the standby, as a superuser. */
  async function sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: throughPort(arranger.database.adminUrl, standby.port) });
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  const read = (app: AppProcess, path: string) =>
    fetch(`${app.url}${ledger.path}${path}`, { headers: { authorization: `Bearer ${owner.token}` } });

  it('on a standby reads are answered, and writes with 503 and Retry-After', async () => {
    const { id } = await postOnce(postbox(main), 'before');
    await until('the standby shows it', async () => (await read(reader, `/transactions/${id}`)).status === 200);
    for (const path of ['/trial-balance', '/transactions', '/accounts/cash/balances'])
      expect([path, (await read(reader, path)).status]).toEqual([path, 200]);

    const refused = { status: 503, code: 'unavailable', retryAfter: expect.stringMatching(/^\d+$/) as string };
    expect(await postOnce(postbox(reader), 'refused')).toMatchObject(refused);
    // through repositories, and signing in: not by the engine
    for (const [path, body] of [
      [`${ledger.path}/accounts`, { code: 'new', type: 'asset' }],
      [`${ledger.path}/transactions/bulk`, { atomic: true, items: [posting('1.00')] }],
      ['/v1/auth/sign-in', { email: owner.email, password: owner.password }],
    ] as const) {
      const answer = await fetch(reader.url + path, {
        method: 'POST',
        headers: {
          ...{ 'content-type': 'application/json', authorization: `Bearer ${owner.token}` },
          'idempotency-key': 'refused',
        },
        body: JSON.stringify(body),
      });
      const { code } = (await answer.json()) as { code: string };
      const told = { status: answer.status, code, retryAfter: answer.headers.get('retry-after') };
      expect([path, told]).toEqual([path, refused]);
    }
    expect(await sql(`SELECT FROM idempotency_keys WHERE key = 'refused'`)).toEqual([]);
  });

  it('REL-09 the primary is lost under load and the address leads to the promoted standby: postings go on', async () => {
    load = new PostingLoad('failover', () => postbox(main), CLIENTS);
    const { acknowledged } = load;
    await until('postings go through', () => acknowledged.size > 100, 20_000);
    await primary.crash();
    await standby.promote();
    line.leadTo(standby.port);
    const before = acknowledged.size;
    await until('postings go on', () => acknowledged.size > before + 100, 20_000);
    // the one that has been there all along
    await until('writes are taken', async () => (await postOnce(postbox(reader), 'promoted')).status === 201);
    await load.stop();
    for (const { code, retryAfter } of load.refusals) {
      expect(code).toMatch(/^(unavailable|outcome-unknown)$/);
      expect(retryAfter).toMatch(/^\d+$/);
    }
  }, 60_000);

  it('REL-05 REL-09 everything acknowledged is there, once, and each key is answered again as before', async () => {
    const acknowledged = [...(load?.acknowledged ?? [])];
    const rows = await sql<{ reference: string; id: string }>(
      `SELECT reference, id FROM transactions WHERE reference LIKE 'failover-%'`,
    );
    expect(new Map(rows.map(({ reference, id }) => [reference, id]))).toEqual(
      new Map(acknowledged.map(([key, { id }]) => [key, id])),
    );
    expect(rows).toHaveLength(acknowledged.length);
    for (const [key, { id }] of acknowledged.filter((_, index) => index % 10 === 0))
      expect(await postOnce(postbox(reader), key)).toMatchObject({ status: 201, id, replayed: true });
    expect(await sql(`SELECT FROM transactions WHERE reference LIKE 'failover-%'`)).toHaveLength(rows.length);
  });

  it('REL-01 REL-02 REL-12 REL-13 the books add up and the chain follows, across the change', async () => {
    expect([await faultsInBooks({ sql }), await faultsInChains({ sql })]).toEqual([[], []]);
  });
});
