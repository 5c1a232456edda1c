import { type AppProcess, startAppProcess } from '../support/app-process';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

const COUNT = 600;

describe('workers are killed in the middle of posting what is due', () => {
  let arranger: TestApp;
  let owner: TestTenant;
  let ledgers: TestLedger[];
  let workers: AppProcess[];

  beforeAll(async () => {
    arranger = await startTestApp();
    owner = await arranger.createTenantWithOwner();
    ledgers = [await createLedger(arranger, owner.token), await createLedger(arranger, owner.token)];
    workers = await Promise.all([start(), start()]);
  }, 60_000);
  afterAll(async () => {
    for (const worker of workers) await worker.kill();
    await arranger.close();
  });

  const start = () =>
    startAppProcess({
      DATABASE_URL: arranger.database.databaseUrl,
      REDIS_URL: arranger.database.redisUrl,
      WORKER_IN_PROCESS: 'true',
      // small batches: the blow falls between, before and within them
      ENGINE_BATCH_COMMANDS: '5',
    });

  const ended = async () =>
    (
      await arranger.sql<{ status: string; n: number }>(
        `SELECT status, count(*)::int AS n FROM scheduled_transactions GROUP BY 1`,
      )
    ).reduce<Record<string, number>>((counts, { status, n }) => ({ ...counts, [status]: n }), {});

  it('REL-05 REL-09 the next one goes on: each is posted exactly once, and its end is written down', async () => {
    for (const ledger of ledgers)
      await arranger.sql(
        `INSERT INTO scheduled_transactions (tenant_id, id, ledger_id, post_at, due_at, request, created_by)
         SELECT $1, gen_random_uuid(), $2, now(), now(), jsonb_set($3::jsonb, '{reference}', to_jsonb('due-' || n)), $4
           FROM generate_series(1, $5::int) AS n`,
        [owner.tenantId, ledger.id, JSON.stringify(posting('1.00')), owner.userId, COUNT / 2],
      );
    // the first transactions are there, and nothing is written down of any of them yet
    await until('the posting has begun', async () => {
      const [row] = await arranger.sql<{ n: number }>('SELECT count(*)::int AS n FROM transactions');
      return (row?.n ?? 0) > 20;
    });
    await Promise.all(workers.map((worker) => worker.kill()));
    const left = await ended();
    // otherwise the blow fell too late to mean anything
    expect(left.scheduled).toBeGreaterThan(0);
    workers.push(await start());
    await until('all of them have ended', async () => ((await ended()).posted ?? 0) === COUNT, 45_000);
    const [row] = await arranger.sql<{ made: number; named: number; matched: number }>(
      `SELECT (SELECT count(*)::int FROM transactions) AS made, (SELECT count(DISTINCT transaction_id)::int FROM scheduled_transactions) AS named,
              (SELECT count(*)::int FROM scheduled_transactions s JOIN transactions t ON t.id = s.transaction_id AND t.reference = s.request->>'reference') AS matched`,
    );
    expect(row).toEqual({ made: COUNT, named: COUNT, matched: COUNT });
    expect(await faultsInBooks(arranger)).toEqual([]);
  }, 90_000);
});
