import { type IncomingMessage, type ServerResponse } from 'node:http';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { PostingEngine } from '../../src/modules/transactions';
import { ledgerLock } from '../../src/modules/transactions/engine/ledger-lock';
import { until } from '../../src/testing/until';

const QUEUE = 4;

describe('a ledger that another process holds on to', () => {
  let app: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  /** Answers that nobody waited for. */
  let hungUp = 0;

  beforeAll(async () => {
    app = await startTestApp({ ENGINE_QUEUE_COMMANDS: String(QUEUE) });
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);
    app.app.getHttpServer().on('request', (_: IncomingMessage, response: ServerResponse) => {
      response.once('close', () => {
        if (!response.writableFinished) hungUp += 1;
      });
    });
  });
  afterAll(async () => {
    expect(await faultsInBooks(app)).toEqual([]);
    await app.close();
  });

  const post = (key: string, signal?: AbortSignal) =>
    fetch(`${app.url}${ledger.path}/transactions`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', authorization: `Bearer ${owner.token}` },
        'idempotency-key': key,
      },
      body: JSON.stringify(posting('1.00', { reference: key })),
      ...(signal && { signal }),
    });
  const references = async () =>
    (await app.sql<{ reference: string }>('SELECT reference FROM transactions ORDER BY 1')).map((row) => row.reference);

  /** The first posting is in a batch that waits for the ledger; `work` is done meanwhile. */
  async function whileBusy<T>(key: string, work: () => Promise<T>): Promise<{ first: Promise<Response>; result: T }> {
    const lock = [...ledgerLock(owner.tenantId, ledger.id)];
    await app.sql('SELECT pg_advisory_lock($1, $2)', lock);
    try {
      const first = post(key);
      await until('its batch waits', async () => {
        const waits = await app.sql(
          `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return waits.length > 0;
      });
      return { first, result: await work() };
    } finally {
      await app.sql('SELECT pg_advisory_unlock($1, $2)', lock);
    }
  }

  it('REL-09 a client that hangs up while its command waits is never recorded; who stays is', async () => {
    const gone = new AbortController();
    const { first, result } = await whileBusy('in-batch', async () => {
      const left = post('left', gone.signal).catch((error: unknown) => (error as Error).name);
      const stays = post('stays');
      await waitingCommands(2);
      gone.abort();
      expect(await left).toBe('AbortError');
      await until('the server has noticed', () => hungUp > 0);
      return [stays];
    });
    expect([(await first).status, (await result[0])?.status]).toEqual([201, 201]);
    expect(await references()).toEqual(['in-batch', 'stays']);
    expect(await app.sql(`SELECT FROM idempotency_keys WHERE key = 'left'`)).toHaveLength(0);
    // its key is free: nothing happened
    const again = await post('left');
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  it('a full queue answers 503 with Retry-After at once, and what was refused was not carried out', async () => {
    const { first, result } = await whileBusy('busy', async () => {
      const queued = Array.from({ length: QUEUE }, (_, n) => post(`queued-${n}`));
      await waitingCommands(QUEUE);
      const began = performance.now();
      const refused = await Promise.all(Array.from({ length: 5 }, (_, n) => post(`refused-${n}`)));
      expect(performance.now() - began).toBeLessThan(1_000);
      for (const answer of refused) {
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
        expect(((await answer.json()) as { code: string }).code).toBe('ledger-busy');
      }
      return queued;
    });
    expect((await first).status).toBe(201);
    expect((await Promise.all(result)).map(({ status }) => status)).toEqual(Array(QUEUE).fill(201));
    expect((await references()).filter((one) => one.startsWith('refused'))).toEqual([]);
    expect((await post('refused-0')).status).toBe(201);
  });

  const waitingCommands = (n: number) =>
    until(`${n} commands wait`, () => app.app.get(PostingEngine, { strict: false }).waiting >= n);
});
