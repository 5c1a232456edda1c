import 'reflect-metadata';
import { Client } from 'pg';
import { NIL_UUID, uuidv7 } from '../../src/common/ids/uuid';
import { type PostingEngine } from '../../src/modules/transactions';
import { type Order } from '../../src/modules/transactions/core/orders';
import { type Command, type Outcome } from '../../src/modules/transactions/engine/command';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { TenantDatabase } from '../../src/platform/database/tenant-database';
import { startEngine, type TestEngine } from '../support/engine';

const TENANT = uuidv7();
const LEDGER = uuidv7();
const CASH = uuidv7();
const SALES = uuidv7();

let database: TestDatabase;
let admin: Client;
let app: TestEngine['app'];
let engine: PostingEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query(`INSERT INTO tenants (id, name, slug, settings) VALUES ('${TENANT}', 'T', 'test', '{}')`);
  await admin.query(`INSERT INTO ledgers (tenant_id, id, name) VALUES ('${TENANT}', '${LEDGER}', 'L')`);
  await admin.query(`INSERT INTO ledger_heads (tenant_id, ledger_id) VALUES ('${TENANT}', '${LEDGER}')`);
  await admin.query(`INSERT INTO accounts (tenant_id, id, ledger_id, code, type, normal_balance) VALUES
    ('${TENANT}', '${CASH}', '${LEDGER}', 'cash', 'asset', 'debit'), ('${TENANT}', '${SALES}', '${LEDGER}', 'sales', 'revenue', 'credit')`);
  ({ app, engine } = await startEngine(database));
});

afterAll(async () => {
  await app.close();
  await admin.end();
  await database.drop();
});

function command(key: string, amount = '1.00', account = 'sales'): Command {
  return {
    order: {
      id: uuidv7(),
      kind: 'posting',
      pending: false,
      expiresAt: null,
      templateId: null,
      reference: null,
      description: null,
      effectiveAt: undefined,
      createdBy: NIL_UUID,
      metadata: {},
      entries: [
        { account: 'cash', direction: 'debit', amount, currency: 'EUR' },
        { account, direction: 'credit', amount, currency: 'EUR' },
      ],
    },
    key: {
      principalId: NIL_UUID,
      operation: 'test',
      key,
      fingerprint: Buffer.from(`${amount} ${account}`),
      keptDays: null,
    },
  };
}

const post = (one: Command): Promise<Outcome> => engine.post(TENANT, LEDGER, one);

async function scalar<T>(sql: string): Promise<T> {
  const { rows } = await admin.query<Record<string, T>>(sql);
  return Object.values(rows[0] ?? {})[0] as T;
}

describe('PostingEngine', () => {
  it('posts, durable and in order, with a gapless sequence', async () => {
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, index) => post(command(`order-${index}`))));
    const sequences = outcomes.map((outcome) =>
      outcome.kind === 'recorded' ? Number(outcome.transaction.sequence) : NaN,
    );
    expect(sequences).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(await scalar('SELECT count(*)::int FROM transactions')).toBe(200);
    expect(await scalar(`SELECT posted_debits::text FROM balances WHERE account_id = '${CASH}'`)).toBe('20000');
  });

  it('REL-05 the same key in one batch and in a later one has one effect and one answer', async () => {
    const before = await scalar<number>('SELECT count(*)::int FROM transactions');
    const together = await Promise.all([post(command('twin')), post(command('twin')), post(command('twin'))]);
    const later = await post(command('twin'));
    const answers = [...together, later].map((outcome) =>
      outcome.kind === 'recorded' ? [outcome.transaction, outcome.replayed] : outcome,
    );
    const [first] = answers as [[unknown, boolean]];
    expect(answers).toEqual([
      [first[0], false],
      [first[0], true],
      [first[0], true],
      [first[0], true],
    ]);
    expect(await scalar('SELECT count(*)::int FROM transactions')).toBe(before + 1);
  });

  it('API-06 a key with another content is refused, in one batch and later', async () => {
    const [, other] = await Promise.all([post(command('reuse')), post(command('reuse', '2.00'))]);
    const later = await post(command('reuse', '3.00'));
    for (const outcome of [other, later])
      expect(outcome.kind === 'refused' && outcome.problem.type.code).toBe('idempotency-key-reused');
  });

  it('API-08 a refusal is remembered, and the neighbours of the batch are posted', async () => {
    const [bad, good] = await Promise.all([post(command('bad', '1.00', 'nobody')), post(command('good'))]);
    expect(bad.kind === 'refused' && bad.problem.type.code).toBe('unknown-account');
    expect(good.kind).toBe('recorded');
    const again = await post(command('bad', '1.00', 'nobody'));
    expect(again).toMatchObject({ kind: 'stored', status: 422, body: { code: 'unknown-account' } });
  });

  it('a poison command fails alone', async () => {
    // a NUL cannot be stored: the driver or the server refuses the whole statement
    const poison = command('poison');
    const outcomes = await Promise.allSettled([
      post(command('near-1')),
      post({ ...poison, order: { ...(poison.order as Order), description: 'a\u0000b' } }),
      post(command('near-2')),
      post(command('near-3')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await scalar(`SELECT count(*)::int FROM idempotency_keys WHERE key = 'poison'`)).toBe(0);
  });

  it('connections that are cut in the middle lose nothing and double nothing', async () => {
    const before = await scalar<number>('SELECT count(*)::int FROM transactions');
    const outcomes: Outcome[] = [];
    for (let round = 0; round < 30; round += 1) {
      const posting = Promise.all(Array.from({ length: 10 }, (_, index) => post(command(`cut-${round}-${index}`))));
      // somewhere between BEGIN and COMMIT of the batch, elsewhere each time
      for (let turn = 0; turn < round % 6; turn += 1) await admin.query('SELECT 1');
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'daybook-app' AND datname = current_database()`,
      );
      outcomes.push(...(await posting));
    }
    expect(outcomes.every(({ kind }) => kind === 'recorded')).toBe(true);
    expect(await scalar('SELECT count(*)::int FROM transactions')).toBe(before + 300);
    expect(
      await scalar(`SELECT count(*)::int FROM transactions WHERE sequence > (SELECT count(*) FROM transactions)`),
    ).toBe(0);
  });

  describe('the database repeats the invariants', () => {
    let other: Client;
    beforeAll(async () => {
      other = new Client({ connectionString: database.databaseUrl });
      await other.connect();
    });
    afterAll(() => other.end());

    const now = '2026-11-21T10:15:00Z';
    const attempt = async (...statements: string[]): Promise<string | undefined> => {
      await other.query(`BEGIN; SELECT set_config('app.tenant_id', '${TENANT}', true)`);
      try {
        for (const statement of statements) await other.query(statement);
        await other.query('COMMIT');
        return 'accepted';
      } catch (error) {
        await other.query('ROLLBACK');
        const { constraint, code } = error as { constraint?: string; code?: string };
        return constraint ?? code;
      }
    };
    const transaction = (id: string, sequence: string, count = 2) =>
      `INSERT INTO transactions (id, ledger_id, sequence, kind, effective_at, created_at, created_by, entry_count, hash) VALUES ('${id}', '${LEDGER}', ${sequence}, 'posting', '${now}', '${now}', '${NIL_UUID}', ${count}, decode(repeat('01', 32), 'hex'))`;
    const entry = (
      id: string,
      position: number,
      account: string,
      direction: string,
      amount: number,
      version = '(SELECT version FROM balances WHERE account_id = account_id LIMIT 1)',
    ) =>
      `('${id}', '${LEDGER}', ${position}, '${account}', 'EUR', 'posted', '${direction}', ${amount}, ${version}, 0, '${now}', '${now}')`;
    const ENTRIES =
      'INSERT INTO entries (transaction_id, ledger_id, position, account_id, currency, kind, direction, amount, version, balance_after, effective_at, created_at) VALUES';
    const next = '(SELECT sequence + 1 FROM ledger_heads)';

    it('REL-01 refuses entries that do not sum to zero', async () => {
      const id = uuidv7();
      expect(
        await attempt(
          `WITH t AS (${transaction(id, next)}) ${ENTRIES} ${entry(id, 0, CASH, 'debit', 2, '999')}, ${entry(id, 1, SALES, 'credit', 1, '999')}`,
        ),
      ).toBe('entries_zero_sum');
    });
    it('refuses a transaction without entries, and one that is not whole', async () => {
      const id = uuidv7();
      expect(await attempt(transaction(id, next))).toBe('transactions_entries');
      expect(
        await attempt(
          `WITH t AS (${transaction(id, next, 3)}) ${ENTRIES} ${entry(id, 0, CASH, 'debit', 1, '999')}, ${entry(id, 1, SALES, 'credit', 1, '999')}`,
        ),
      ).toBe('entries_whole');
    });
    it('REL-02 refuses entries that the balances do not follow', async () => {
      const id = uuidv7();
      expect(
        await attempt(
          `WITH t AS (${transaction(id, next)}) ${ENTRIES} ${entry(id, 0, CASH, 'debit', 1, '999999')}, ${entry(id, 1, SALES, 'credit', 1, '999999')}`,
        ),
      ).toBe('entries_balance');
    });
    it('REL-02 refuses a balance that no entry explains', async () => {
      expect(await attempt(`UPDATE balances SET posted_debits = posted_debits + 1 WHERE account_id = '${CASH}'`)).toBe(
        'balances_explained',
      );
      expect(await attempt(`UPDATE balances SET version = version + 1 WHERE account_id = '${CASH}'`)).toBe(
        'balances_explained',
      );
    });
    it('REL-03 refuses to change or remove what was posted, by grant and by trigger', async () => {
      expect(await attempt('UPDATE entries SET amount = 1')).toBe('42501');
      expect(await attempt('DELETE FROM entries')).toBe('42501');
      expect(await attempt('DELETE FROM transactions')).toBe('42501');
      await expect(admin.query('DELETE FROM entries')).rejects.toMatchObject({ code: '23001' });
      await expect(admin.query('UPDATE transactions SET description = $1', ['x'])).rejects.toMatchObject({
        code: '23001',
      });
    });
    it('REL-08 refuses an entry in a currency that the account has no balance in', async () => {
      const id = uuidv7();
      const usd = (position: number, account: string, direction: string) =>
        entry(id, position, account, direction, 1, '1').replace("'EUR'", "'USD'");
      expect(
        await attempt(
          `WITH t AS (${transaction(id, next)}) ${ENTRIES} ${usd(0, CASH, 'debit')}, ${usd(1, SALES, 'credit')}`,
        ),
      ).toMatch(/entries_balance/);
    });
  });

  it('REL-02 stored balances equal the sum of the entries', async () => {
    expect(
      await scalar(`SELECT count(*)::int FROM balances b WHERE (posted_debits, posted_credits, version) IS DISTINCT FROM
        (SELECT (sum(amount) FILTER (WHERE direction = 'debit'), sum(amount) FILTER (WHERE direction = 'credit'), count(*)) FROM entries e WHERE e.account_id = b.account_id)
        AND (posted_debits, posted_credits, version) <> (SELECT COALESCE(sum(amount) FILTER (WHERE direction = 'debit'), 0), COALESCE(sum(amount) FILTER (WHERE direction = 'credit'), 0), count(*)
             FROM entries e WHERE e.account_id = b.account_id AND e.currency = b.currency)`),
    ).toBe(0);
  });
});

it('plans its statements once per connection: planning a read costs more than small batches take', async () => {
  const one = await startEngine(database, { DATABASE_POOL_SIZE: '1' });
  try {
    for (let n = 0; n < 8; n += 1) await one.engine.post(TENANT, LEDGER, command(`planned-${n}`));
    const { rows } = await one.app
      .get(TenantDatabase)
      .run(TENANT, 'read', ({ client }) =>
        client.query<{ name: string; planned: string; kept: string }>(
          `SELECT name, custom_plans AS planned, generic_plans AS kept FROM pg_prepared_statements WHERE name LIKE 'engine-%'`,
        ),
      );
    expect(rows.map(({ name }) => name).sort()).toEqual(['engine-read', 'engine-write']);
    expect(rows.map(({ planned, kept }) => [planned, kept])).toEqual([
      ['0', '8'],
      ['0', '8'],
    ]);
  } finally {
    await one.app.close();
  }
});
