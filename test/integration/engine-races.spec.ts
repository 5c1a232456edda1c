import { Client } from 'pg';
import { NIL_UUID, uuidv7 } from '../../src/common/ids/uuid';
import { type Command, type Outcome } from '../../src/modules/transactions/engine/command';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { startEngine, type TestEngine } from '../support/engine';
import { faultsInBooks } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { until } from '../support/until';

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
      ...{ principalId: NIL_UUID, operation: 'test', key, expiresAt: null },
      fingerprint: Buffer.from(`${account} ${amount}`),
    },
  };
}

const post = (ledger: string, one: Command, signal?: AbortSignal): Promise<Outcome> =>
  here.engine.post(TENANT, ledger, one, signal);

async function count(from: string): Promise<number> {
  const { rows } = await admin.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${from}`);
  return rows[0]?.n ?? NaN;
}
const waiting = () => count(`pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`);

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
