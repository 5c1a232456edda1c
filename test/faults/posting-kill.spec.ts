import { randomInt } from 'node:crypto';
import { type AppProcess, startAppProcess } from '../support/app-process';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';

const ROUNDS = 4;
const CALLERS = 64;

describe('the application is killed in the middle of postings', () => {
  let arranger: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  let application: AppProcess;
  let sent = 0;

  beforeAll(async () => {
    arranger = await startTestApp();
    owner = await arranger.createTenantWithOwner();
    ledger = await createLedger(arranger, owner.token);
    application = await start();
  }, 60_000);

  afterAll(async () => {
    await application.kill();
    await arranger.close();
  });

  // small batches: the blow falls between, before and within them
  const start = () =>
    startAppProcess({
      DATABASE_URL: arranger.database.databaseUrl,
      REDIS_URL: arranger.database.redisUrl,
      ENGINE_BATCH_COMMANDS: '10',
    });

  const post = async (key: string): Promise<{ status: number; id: string; replayed: boolean }> => {
    const answer = await fetch(`${application.url}${ledger.path}/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${owner.token}`, 'idempotency-key': key },
      body: JSON.stringify(posting('1.00', { reference: key })),
    });
    const { id } = (await answer.json()) as { id: string };
    return { status: answer.status, id, replayed: answer.headers.get('idempotent-replayed') === 'true' };
  };

  const inLedger = async (): Promise<Map<string, string>> => {
    const rows = await arranger.sql<{ reference: string; id: string }>('SELECT reference, id FROM transactions');
    return new Map(rows.map(({ reference, id }) => [reference, id]));
  };

  /** Callers post one after the other until the process is killed, after some answers. @returns the keys, and the ids of what was acknowledged */
  async function postUntilKilled(round: number): Promise<{ keys: string[]; acknowledged: Map<string, string> }> {
    const keys: string[] = [];
    const acknowledged = new Map<string, string>();
    const statuses = new Set<number>();
    const blow = randomInt(1, 250);
    let fall: () => void = () => undefined;
    const due = new Promise<void>((resolve) => (fall = resolve));
    const caller = async (): Promise<void> => {
      for (;;) {
        const key = `round-${round}-${keys.length}`;
        keys.push(key);
        const { status, id } = await post(key);
        statuses.add(status);
        acknowledged.set(key, id);
        if (acknowledged.size === blow) fall();
      }
    };
    // each ends with the request that the blow cuts off
    const callers = Promise.allSettled(Array.from({ length: CALLERS }, caller));
    await Promise.race([due, callers]);
    await application.kill();
    await callers;
    expect(statuses).toEqual(new Set([201]));
    expect(keys.length).toBe(acknowledged.size + CALLERS);
    return { keys, acknowledged };
  }

  it.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
    'REL-05 REL-09 round %d: what was acknowledged is there once, and a retry resolves the rest',
    async (round) => {
      const { keys, acknowledged } = await postUntilKilled(round);
      sent += keys.length;

      // as the database was left: whole transactions only, and all that was acknowledged
      expect(await faultsInBooks(arranger)).toEqual([]);
      const left = await inLedger();
      for (const [key, id] of acknowledged) expect([key, left.get(key)]).toEqual([key, id]);

      application = await start();
      const retried = await Promise.all(keys.map(async (key) => ({ key, ...(await post(key)) })));
      for (const { key, status, replayed, id } of retried) {
        expect([key, status, replayed]).toEqual([key, 201, left.has(key)]);
        if (left.has(key)) expect([key, id]).toEqual([key, left.get(key)]);
      }
      const after = await inLedger();
      expect(after.size).toBe(sent);
      for (const { key, id } of retried) expect([key, after.get(key)]).toEqual([key, id]);
    },
    60_000,
  );

  it('REL-01 REL-02 REL-12 afterwards the books add up, to the cent', async () => {
    const { body } = await arranger.request('GET', `${ledger.path}/trial-balance`, { token: owner.token });
    const sum = `${sent}.00`;
    expect(body).toMatchObject({ balanced: true, totals: [{ debits: sum, credits: sum, difference: '0.00' }] });
    expect(await faultsInBooks(arranger)).toEqual([]);
  });
});
