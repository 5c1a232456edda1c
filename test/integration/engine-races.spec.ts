import { Client } from 'pg';
import { NIL_UUID, uuidv7 } from '../../src/common/ids/uuid';
import { Problem } from '../../src/common/problems/problem';
import { type Command, type Outcome } from '../../src/modules/transactions/engine/command';
import { ledgerLock } from '../../src/modules/transactions/engine/ledger-lock';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { startEngine, type TestEngine } from '../support/engine';
import { faultsInBooks } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { until } from '../../src/testing/until';

const TENANT = uuidv7();

let database: TestDatabase;
let admin: Client;
/** One batch at a time, over all ledgers, and three commands that wait. */
let here: TestEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query(`INSERT INTO tenants (id, name, slug, settings) VALUES ($1, 'T', 'test', '{}')`, [TENANT]);
  here = await startEngine(database, { DATABASE_POOL_SIZE: '2', ENGINE_QUEUE_COMMANDS: '3' });
});

afterAll(async () => {
  const sql = async <Row>(text: string) => (await admin.query(text)).rows as Row[];
  expect([await faultsInBooks({ sql }), await faultsInChains({ sql })]).toEqual([[], []]);
  await here.app.close();
  await admin.end();
  await database.drop();
});

async function newLedger(unknownAccounts = 'refused'): Promise<string> {
  const id = uuidv7();
  await admin.query(
    `INSERT INTO ledgers (tenant_id, id, name, unknown_accounts) VALUES ('${TENANT}', '${id}', '${id}', '${unknownAccounts}')`,
  );
  await admin.query(`INSERT INTO ledger_heads (tenant_id, ledger_id) VALUES ('${TENANT}', '${id}')`);
  for (const [code, type, normal] of [
    ['cash', 'asset', 'debit'],
    ['sales', 'revenue', 'credit'],
  ])
    await admin.query(
      `INSERT INTO accounts (tenant_id, id, ledger_id, code, type, normal_balance) VALUES ('${TENANT}', '${uuidv7()}', '${id}', '${code}', '${type}', '${normal}')`,
    );
  return id;
}

function command(key: string, account = 'cash', amount = '1.00', more = {}): Command {
  return {
    order: {
      ...{ id: uuidv7(), kind: 'posting', pending: false, expiresAt: null, templateId: null, reference: key },
      ...{ description: null, effectiveAt: undefined, createdBy: NIL_UUID, metadata: {} },
      entries: [
        { account, direction: 'debit', amount, currency: 'EUR', ...more },
        { account: 'sales', direction: 'credit', amount, currency: 'EUR' },
      ],
    },
    key: {
      ...{ principalId: NIL_UUID, operation: 'test', key, keptDays: null },
      fingerprint: Buffer.from(`${account} ${amount}`),
    },
  };
}

const post = (ledger: string, one: Command, signal?: AbortSignal): Promise<Outcome> =>
  here.engine.post(TENANT, ledger, one, signal && { signal });

async function count(from: string): Promise<number> {
  const { rows } = await admin.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${from}`);
  return rows[0]?.n ?? NaN;
}
const waiting = () => count(`pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`);

/** Another process has the ledger for as long as `work` takes. */
async function whileLocked<T>(ledger: string, work: () => Promise<T>): Promise<T> {
  await admin.query('SELECT pg_advisory_lock($1, $2)', [...ledgerLock(TENANT, ledger)]);
  try {
    return await work();
  } finally {
    await admin.query('SELECT pg_advisory_unlock($1, $2)', [...ledgerLock(TENANT, ledger)]);
  }
}

describe('an open ledger', () => {
  it.each(['COMMIT', 'ROLLBACK'])(
    'takes an account that somebody else creates at the same moment, who then does %s',
    async (end) => {
      const ledger = await newLedger('created');
      const [code, id] = [`assets:${end}`, uuidv7()];
      const other = new Client({ connectionString: database.adminUrl });
      await other.connect();
      await other.query('BEGIN');
      await other.query(
        `INSERT INTO accounts (tenant_id, id, ledger_id, code, type, normal_balance) VALUES ('${TENANT}', '${id}', '${ledger}', '${code}', 'asset', 'debit')`,
      );
      const posting = post(ledger, command(`new ${end}`, code));
      await until('the engine waits for the other', async () => (await waiting()) > 0);
      await other.query(end);
      await other.end();
      const outcome = await posting;
      expect(outcome.kind).toBe('recorded');
      const account = outcome.kind === 'recorded' && outcome.transaction.entries[0]?.accountId;
      expect(account === id).toBe(end === 'COMMIT');
      expect(await count(`accounts WHERE ledger_id = '${ledger}' AND code = '${code}'`)).toBe(1);
    },
  );
});

describe('what a process remembers of a ledger', () => {
  it('REL-04 counts for nothing after the database was put back to an earlier moment and went on from there', async () => {
    const ledger = await newLedger();
    // as a standby does that was promoted before the last transaction had reached it
    const dump = async (table: string) =>
      (await admin.query<{ row: unknown }>(`SELECT to_jsonb(t) AS row FROM ${table} t WHERE ledger_id = '${ledger}'`))
        .rows;
    await post(ledger, command('first', 'cash', '10.00'));
    const earlier = new Map<string, { row: unknown }[]>();
    for (const table of ['transactions', 'entries', 'balances', 'ledger_heads']) earlier.set(table, await dump(table));
    await post(ledger, command('lost', 'cash', '500.00'));
    await admin.query(`BEGIN; SET LOCAL session_replication_role = replica`);
    for (const [table, rows] of earlier) {
      await admin.query(`DELETE FROM ${table} WHERE ledger_id = '${ledger}'`);
      for (const { row } of rows)
        await admin.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1)`, [
          JSON.stringify(row),
        ]);
    }
    await admin.query(`DELETE FROM idempotency_keys WHERE key = 'lost'`);
    await admin.query('COMMIT');
    const other = await startEngine(database);
    await other.engine.post(TENANT, ledger, command('instead', 'cash', '1.00'));
    await other.app.close();
    const spend = post(ledger, command('spend', 'cash', '1.00', { ifAvailableAtLeast: '100.00' }));
    expect(await spend).toMatchObject({ kind: 'refused', problem: { type: { code: 'condition-failed' } } });
    const outcome = await post(ledger, command('next', 'cash', '1.00', { ifVersion: 2, ifAvailableAtMost: '12.00' }));
    expect(outcome.kind).toBe('recorded');
  });
});

describe('a batch that the database refuses for a moment', () => {
  /** As many inserts of transactions as `times` fail with the error; sequences count on whatever is rolled back. */
  async function failing(times: number, sqlstate: string): Promise<void> {
    await admin.query(`
      DROP SEQUENCE IF EXISTS failures CASCADE;
      CREATE SEQUENCE failures;
      CREATE OR REPLACE FUNCTION fail_at_first() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        IF nextval('failures') <= ${times} THEN RAISE EXCEPTION 'for a moment' USING ERRCODE = '${sqlstate}'; END IF;
        RETURN NULL;
      END $$;
      CREATE OR REPLACE TRIGGER fail_at_first BEFORE INSERT ON transactions FOR EACH STATEMENT EXECUTE FUNCTION fail_at_first()`);
  }
  afterEach(() => admin.query('DROP TRIGGER IF EXISTS fail_at_first ON transactions'));

  it.each(['40P01', '40001'])('REL-05 is run again as a whole after %s, with the same ids', async (sqlstate) => {
    const ledger = await newLedger();
    await failing(1, sqlstate);
    const commands = ['a', 'b', 'c'].map((key) => command(`${sqlstate} ${key}`));
    const outcomes = await Promise.all(commands.map((one) => post(ledger, one)));
    expect(outcomes.map((one) => one.kind === 'recorded' && [one.transaction.id, one.replayed])).toEqual(
      commands.map(({ order }) => [(order as { id: string }).id, false]),
    );
    expect(await count(`transactions WHERE ledger_id = '${ledger}'`)).toBe(3);
    expect(await count(`transactions WHERE ledger_id = '${ledger}' AND sequence > 3`)).toBe(0);
  });

  it('REL-09 and is given up after some times: 503 for each, nothing recorded, and a retry has its effect', async () => {
    const ledger = await newLedger();
    await failing(1_000, '40P01');
    const commands = ['d', 'e'].map((key) => command(key));
    for (const outcome of await Promise.allSettled(commands.map((one) => post(ledger, one))))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { type: { code: 'unavailable' } } });
    expect(await count(`transactions WHERE ledger_id = '${ledger}'`)).toBe(0);
    expect(await count(`idempotency_keys WHERE key IN ('d', 'e')`)).toBe(0);
    await failing(0, '40P01');
    const again = await Promise.all(commands.map((one) => post(ledger, one)));
    expect(again.map((one) => one.kind === 'recorded' && one.replayed)).toEqual([false, false]);
  });
});

describe('the queue of a ledger', () => {
  const begun = (ledger: string) =>
    until('its batch waits for the ledger', () =>
      count(
        `pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid::int8::bit(32)::int = ${ledgerLock(TENANT, ledger)[0]}`,
      ),
    );

  it('refuses what it has no room for, at once, with 503 and Retry-After; what waits is recorded', async () => {
    const ledger = await newLedger();
    const accepted = await whileLocked(ledger, async () => {
      const inBatch = post(ledger, command('in-batch'));
      await begun(ledger);
      const queued = ['q1', 'q2', 'q3'].map((key) => post(ledger, command(key)));
      const at = performance.now();
      const refused = await post(ledger, command('too-many')).catch((error: unknown) => error);
      expect(performance.now() - at).toBeLessThan(100);
      expect(refused).toBeInstanceOf(Problem);
      expect(refused).toMatchObject({
        status: 503,
        type: { code: 'ledger-busy' },
        options: { headers: { 'retry-after': '1' } },
      });
      return [inBatch, ...queued];
    });
    const outcomes = await Promise.all(accepted);
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(4).fill('recorded'));
    expect(await count(`transactions WHERE reference = 'too-many'`)).toBe(0);
  });

  it('withdraws the command of a caller who has gone while it waited behind a batch', async () => {
    const ledger = await newLedger();
    const gone = new AbortController();
    const [inBatch, left, stays] = await whileLocked(ledger, async () => {
      const first = post(ledger, command('before'));
      await begun(ledger);
      const waits = [post(ledger, command('left'), gone.signal), post(ledger, command('stays'))];
      gone.abort(new Error('gone'));
      return [first, ...waits].map((one) => one.then(({ kind }) => kind, String));
    });
    expect([await inBatch, await left, await stays]).toEqual(['recorded', 'Error: gone', 'recorded']);
    expect(await count(`transactions WHERE reference = 'left'`)).toBe(0);
    expect(await count(`idempotency_keys WHERE key = 'left'`)).toBe(0);
  });

  it('withdraws it also while its ledger waits for a connection that others have', async () => {
    const [busy, idle] = [await newLedger(), await newLedger()];
    const gone = new AbortController();
    const results = await whileLocked(busy, async () => {
      const first = post(busy, command('has the connection'));
      await begun(busy);
      const waits = [post(idle, command('no connection'), gone.signal), post(idle, command('patient'))];
      // the turn in which the lane would begin its batch, if it had a connection
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      gone.abort(new Error('gone'));
      return [first, ...waits].map((one) => one.then(({ kind }) => kind, String));
    });
    expect(await Promise.all(results)).toEqual(['recorded', 'Error: gone', 'recorded']);
    expect(await count(`transactions WHERE reference = 'no connection'`)).toBe(0);
  });
});
