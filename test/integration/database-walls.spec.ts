import { Client } from 'pg';
import { NIL_UUID, uuidv7 } from '../../src/common/ids/uuid';
import { type Order } from '../../src/modules/transactions/core/orders';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { startEngine, type TestEngine } from '../support/engine';
import { type HandEntry, type HandTransaction, statementOf } from '../support/hand-written';
import { faultsInBooks } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';

/*
 * What the database itself keeps, whoever writes: SQL by hand, with the rights of the application. Each attack differs
 * from a statement that is accepted in one thing.
 */

const TENANT = uuidv7();
const [LEDGER, ELSEWHERE] = [uuidv7(), uuidv7()];
const [CASH, SALES, RENT] = [uuidv7(), uuidv7(), uuidv7()];
const [THERE, OTHER] = [uuidv7(), uuidv7()];
/** A posting of 100, reversed by 10; a hold of 60 and 40, captured by 30; one that was voided; a posting of 7. */
const [POSTING, HOLD, VOIDED, PLAIN] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];

let database: TestDatabase;
let admin: Client;
let app: Client;
let engine: TestEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  app = new Client({ connectionString: database.databaseUrl });
  await Promise.all([admin.connect(), app.connect()]);
  await admin.query(`INSERT INTO tenants (id, name, slug, settings) VALUES ('${TENANT}', 'T', 'test', '{}')`);
  for (const [ledger, accounts] of [
    [LEDGER, [CASH, SALES, RENT]],
    [ELSEWHERE, [THERE, OTHER]],
  ] as const) {
    await admin.query(`INSERT INTO ledgers (tenant_id, id, name) VALUES ('${TENANT}', '${ledger}', '${ledger}')`);
    await admin.query(`INSERT INTO ledger_heads (tenant_id, ledger_id) VALUES ('${TENANT}', '${ledger}')`);
    for (const id of accounts)
      await admin.query(
        `INSERT INTO accounts (tenant_id, id, ledger_id, code, type, normal_balance) VALUES ('${TENANT}', '${id}', '${ledger}', 'code ${id}', 'asset', 'debit')`,
      );
  }
  engine = await startEngine(database);
  await record(LEDGER, posting(POSTING, [CASH, SALES], ['100']));
  await record(LEDGER, { ...head(), kind: 'reversal', parentId: POSTING, part: { kind: 'amount', amount: '10' } });
  await record(LEDGER, posting(HOLD, [CASH, SALES], ['60', '40'], true));
  const part = { kind: 'amount', amount: '30' } as const;
  await record(LEDGER, { ...head(), kind: 'capture', parentId: HOLD, part, releaseRest: false });
  await record(LEDGER, posting(VOIDED, [CASH, SALES], ['5'], true));
  await record(LEDGER, { ...head(), kind: 'void', parentId: VOIDED });
  await record(LEDGER, posting(PLAIN, [CASH, RENT], ['7']));
  await record(ELSEWHERE, posting(uuidv7(), [THERE, OTHER], ['100']));
  await record(ELSEWHERE, posting(uuidv7(), [THERE, OTHER], ['50'], true));
});

afterAll(async () => {
  const sql = async <Row>(text: string) => (await admin.query(text)).rows as Row[];
  expect([await faultsInBooks({ sql }), await faultsInChains({ sql })]).toEqual([[], []]);
  await engine.app.close();
  await Promise.all([admin.end(), app.end()]);
  await database.drop();
});

const head = (id = uuidv7()) => ({
  ...{ id, reference: null, description: null, effectiveAt: undefined, createdBy: NIL_UUID, metadata: {} },
});

function posting(id: string, [debit, credit]: readonly [string, string], amounts: string[], pending = false): Order {
  const leg = (account: string, direction: 'debit' | 'credit') => (amount: string) => ({
    ...{ account, direction, currency: 'EUR' },
    amount: `${amount}.00`,
  });
  const entries = [...amounts.map(leg(debit, 'debit')), ...amounts.map(leg(credit, 'credit'))];
  return { ...head(id), kind: 'posting', pending, expiresAt: null, templateId: null, entries };
}

async function record(ledger: string, order: Order): Promise<void> {
  const outcome = await engine.engine.post(TENANT, ledger, { order, key: null });
  if (outcome.kind !== 'recorded') throw new Error(JSON.stringify(outcome));
}

/** Runs the statements as the application, and takes them back. @returns what refused them: a constraint, a SQLSTATE */
async function attempt(...statements: string[]): Promise<string> {
  await app.query(`BEGIN; SELECT set_config('app.tenant_id', '${TENANT}', true)`);
  try {
    for (const statement of statements) {
      const { rowCount } = await app.query(statement);
      if (rowCount === 0) return 'no row';
    }
    return 'accepted';
  } catch (error) {
    const { constraint, code } = error as { constraint?: string; code?: string };
    return constraint ?? code ?? String(error);
  } finally {
    await app.query('ROLLBACK');
  }
}

const write = async (one: HandTransaction): Promise<string> => attempt(await statementOf(admin, one));

const pair = (
  kind: string,
  amount: number,
  [debit, credit] = [CASH, SALES],
  more: Partial<HandEntry> = {},
): HandEntry[] => [
  { account: debit, direction: 'debit', amount, kind, ...more },
  { account: credit, direction: 'credit', amount, kind, ...more },
];
const back = (entries: readonly HandEntry[]): HandEntry[] =>
  entries.map((entry) => ({ ...entry, direction: entry.direction === 'debit' ? 'credit' : 'debit' }));
const sets = (table: 'holds' | 'reversals', id: string, change: string) =>
  `s AS (UPDATE ${table} SET ${change} WHERE transaction_id = '${id}')`;
const holdRow = (
  id: string,
  remaining: string,
  sequence = "(SELECT sequence + 1 FROM ledger_heads WHERE ledger_id = '" + LEDGER + "')",
) =>
  `s AS (INSERT INTO holds (transaction_id, ledger_id, sequence, status, remaining) VALUES ('${id}', '${LEDGER}', ${sequence}, 'pending', '${remaining}'))`;
/** In minor units: what is left of the hold's entries after its capture of 30: 18 and 12 of its 60 and 40 are gone. */
const LEFT = [4200, 2800] as const;

const capture = (captured: HandEntry[], released: HandEntry[], change: string): HandTransaction => ({
  ...{ ledger: LEDGER, kind: 'capture', parent: HOLD },
  entries: [...captured, ...released],
  and: sets('holds', HOLD, change),
});

describe('what is right is accepted', () => {
  it.each<[string, () => HandTransaction]>([
    ['a posting', () => ({ ledger: LEDGER, kind: 'posting', entries: pair('posted', 5) })],
    [
      'a hold',
      () => {
        const id = uuidv7();
        return { ledger: LEDGER, id, kind: 'hold', entries: pair('held', 5), and: holdRow(id, '{5,5}') };
      },
    ],
    [
      'a capture in part',
      () =>
        capture(
          pair('captured', 700),
          pair('released', 700),
          `remaining = '{${LEFT[0] - 700},${LEFT[1]},${LEFT[0] - 700},${LEFT[1]}}'`,
        ),
    ],
    [
      'a capture that releases the rest',
      () => capture(pair('captured', 1), pair('released', 7000), `status = 'posted', remaining = '{0,0,0,0}'`),
    ],
    [
      'a void',
      () => ({
        ...{ ledger: LEDGER, kind: 'void', parent: HOLD, entries: pair('released', 7000) },
        and: sets('holds', HOLD, `status = 'voided', remaining = '{0,0,0,0}'`),
      }),
    ],
    [
      'a reversal',
      () => ({
        ...{ ledger: LEDGER, kind: 'reversal', parent: POSTING, entries: back(pair('reversed', 9000)) },
        and: sets('reversals', POSTING, `whole = true, remaining = '{0,0}'`),
      }),
    ],
  ])('%s', async (_, transaction) => {
    expect(await write(transaction())).toBe('accepted');
  });
});

describe('the application cannot leave a book that does not add up', () => {
  it.each(['posted_debits', 'posted_credits', 'pending_debits', 'pending_credits', 'version'])(
    'REL-02 a balance whose %s changes without entries',
    async (column) => {
      expect(await attempt(`UPDATE balances SET ${column} = ${column} + 1 WHERE account_id = '${CASH}'`)).toBe(
        'balances_explained',
      );
    },
  );

  it('REL-02 a balance of nothing, and one that moves to another account', async () => {
    const values = `'${RENT}', 'USD', '${LEDGER}', 5, 5, 0, 0, 2`;
    const columns =
      'account_id, currency, ledger_id, posted_debits, posted_credits, pending_debits, pending_credits, version';
    await admin.query(
      `INSERT INTO currencies (tenant_id, code, scale, name, custom) VALUES ('${TENANT}', 'USD', 2, 'US Dollar', false) ON CONFLICT DO NOTHING`,
    );
    expect(await attempt(`INSERT INTO balances (${columns}) VALUES (${values})`)).toBe('balances_explained');
    expect(await attempt(`UPDATE balances SET currency = 'USD' WHERE account_id = '${CASH}'`)).toBe(
      'balances_explained',
    );
  });

  it('REL-01 REL-02 REL-08 entries without a balance, of another ledger, with gaps or amounts that are none', async () => {
    const wrong = (more: Partial<HandEntry>, what: Partial<HandTransaction> = {}) =>
      write({ ledger: LEDGER, kind: 'posting', entries: pair('posted', 5, [CASH, SALES], more), ...what });
    expect(await wrong({}, { untouched: [CASH, SALES] })).toBe('entries_balance');
    expect(await wrong({ ledger: ELSEWHERE })).toBe('entries_whole');
    expect(await wrong({ account: THERE })).not.toBe('accepted');
    expect(await wrong({ balanceAfter: '1' })).toBe('entries_balance');
    expect(await wrong({ version: '1000' })).not.toBe('accepted');
    expect(await wrong({ amount: 'NaN' })).not.toBe('accepted');
    expect(await wrong({ kind: 'held' })).toBe('entries_whole');
    expect(await wrong({ kind: 'reversed' })).toBe('entries_whole');
  });

  it('REL-02 versions that are dense in number and not from 1', async () => {
    const id = uuidv7();
    const account = `INSERT INTO accounts (id, ledger_id, code, type, normal_balance) VALUES ('${id}', '${LEDGER}', 'new', 'asset', 'debit')`;
    const entries: HandEntry[] = [
      { account: id, direction: 'debit', amount: 5, kind: 'posted', version: '0' },
      { account: id, direction: 'credit', amount: 5, kind: 'posted' },
    ];
    expect(await attempt(account, await statementOf(admin, { ledger: LEDGER, kind: 'posting', entries }))).toBe(
      'entries_version_check',
    );
  });

  it('REL-13 the head of a ledger without the transaction that it stands for', async () => {
    const of = `WHERE ledger_id = '${LEDGER}'`;
    for (const change of [
      `sequence = sequence + 1`,
      `sequence = sequence - 1`,
      `sequence = 0, hash = decode(repeat('00', 32), 'hex'), posted_at = '-infinity'`,
      `hash = decode(repeat('ab', 32), 'hex')`,
      `posted_at = posted_at + interval '1 year'`,
      // an earlier one that was right in its time
      `sequence = t.sequence, hash = t.hash, posted_at = t.created_at FROM transactions t`,
    ])
      expect([
        change,
        await attempt(
          change.includes('FROM')
            ? `UPDATE ledger_heads SET ${change} WHERE t.ledger_id = ledger_heads.ledger_id AND t.id = '${POSTING}'`
            : `UPDATE ledger_heads SET ${change} ${of}`,
        ),
      ]).toEqual([change, 'ledger_heads_explained']);
    const ledger = uuidv7();
    expect(
      await attempt(
        `INSERT INTO ledgers (id, name) VALUES ('${ledger}', 'new')`,
        `INSERT INTO ledger_heads (ledger_id, sequence) VALUES ('${ledger}', 1)`,
      ),
    ).toBe('ledger_heads_explained');
    expect(await attempt(`UPDATE ledger_heads SET ledger_id = '${uuidv7()}' ${of}`)).toBe('23001');
    expect(await attempt(`UPDATE ledger_heads SET accounts_version = accounts_version + 1 ${of}`)).toBe('accepted');
  });

  it('REL-13 REL-14 a transaction that skips a place, has another hash than the head, or is older than the one before', async () => {
    const wrong = (more: Partial<HandTransaction>) =>
      write({ ledger: LEDGER, kind: 'posting', entries: pair('posted', 5), ...more });
    expect(await wrong({ sequence: '1000' })).toBe('transactions_gapless');
    expect(await wrong({ headHash: 'cd'.repeat(32) })).toMatch(/transactions_gapless|ledger_heads_explained/);
    expect(await wrong({ createdAt: '2020-01-01T00:00:00Z' })).toBe('transactions_gapless');
  });

  it('REL-06 what is left of a hold without a release', async () => {
    for (const remaining of [
      '{4199,2801,4200,2800}',
      '{4199,2800,4199,2800}',
      '{6000,4000,6000,4000}',
      // more than the entry was, less of the other of the same account
      '{6001,999,4200,2800}',
      '{NULL,2800,4200,2800}',
      '{7000,NULL,4200,2800}',
      '[0:3]={7000,4200,2800,4200}',
      '[0:3]={4200,2800,4200,2800}',
      '{{4200,2800},{4200,2800}}',
      '{4200,2800,4200}',
    ]) {
      const change = `UPDATE holds SET remaining = '${remaining}' WHERE transaction_id = '${HOLD}'`;
      expect([remaining, await attempt(change)]).toEqual([
        remaining,
        expect.stringMatching(/^(holds_explained|23001)$/),
      ]);
    }
    expect(await attempt(`UPDATE holds SET status = 'posted' WHERE transaction_id = '${HOLD}'`)).toBe(
      'holds_remaining_check',
    );
  });

  it('REL-06 a second end of a hold, another hold in its place, another time for its end', async () => {
    for (const change of [`status = 'posted'`, `status = 'pending', remaining = '{500,500}'`, `remaining = '{0,0}'`])
      expect(await attempt(`UPDATE holds SET ${change} WHERE transaction_id = '${VOIDED}'`)).toBe('23001');
    for (const change of [`expires_at = now()`, `sequence = sequence + 1`, `transaction_id = '${POSTING}'`])
      expect(await attempt(`UPDATE holds SET ${change} WHERE transaction_id = '${HOLD}'`)).toBe('23001');
    const again = { ledger: LEDGER, kind: 'void', parent: VOIDED, entries: pair('released', 500) };
    expect(await write(again)).toBe('transactions_explained');
  });

  it('REL-06 a state that is not what the last transaction made of it', async () => {
    const end = (kind: string, status: string) =>
      write({
        ...{ ledger: LEDGER, kind, parent: HOLD, entries: pair('released', 7000) },
        and: sets('holds', HOLD, `status = '${status}', remaining = '{0,0,0,0}'`),
      });
    expect(await end('void', 'expired')).toMatch(/_explained$/);
    expect(await end('void', 'posted')).toMatch(/_explained$/);
    expect(await end('expiry', 'voided')).toMatch(/_explained$/);
    expect(await end('expiry', 'expired')).toBe('accepted');
    // a void of a part, after which the hold goes on
    const part = pair('released', 700);
    const and = sets('holds', HOLD, `remaining = '{3500,2800,3500,2800}'`);
    expect(await write({ ledger: LEDGER, kind: 'void', parent: HOLD, entries: part, and })).toMatch(/_explained$/);
  });

  it('REL-06 more captured than was held, or than is released, or from other accounts', async () => {
    const rest = `status = 'posted', remaining = '{0,0,0,0}'`;
    expect(await write(capture(pair('captured', 7001), pair('released', 7001), rest))).not.toBe('accepted');
    expect(await write(capture(pair('captured', 9000), pair('released', 7000), rest))).toBe('entries_captured');
    expect(await write(capture(pair('captured', 10, [CASH, RENT]), pair('released', 7000), rest))).toBe(
      'entries_captured',
    );
    expect(await write(capture(back(pair('captured', 10)), pair('released', 7000), rest))).toBe('entries_captured');
    // released and the hold left as it is
    const silent = capture(pair('captured', 10), pair('released', 10), rest);
    expect(await write({ ...silent, and: '' })).toBe('transactions_explained');
  });

  it('REL-06 REL-07 a transaction that settles what is no hold, or reverses what was not posted', async () => {
    const released = pair('released', 700);
    // what is pending is the hold's; the posting lends its state
    const and = sets('reversals', POSTING, `remaining = '{8300,8300}'`);
    expect(await write({ ledger: LEDGER, kind: 'void', parent: POSTING, entries: released, and })).toBe(
      'transactions_parent',
    );
    const left = sets('holds', HOLD, `remaining = '{3500,2800,3500,2800}'`);
    const reversed = back(pair('reversed', 700));
    expect(await write({ ledger: LEDGER, kind: 'reversal', parent: HOLD, entries: reversed, and: left })).toBe(
      'transactions_parent',
    );
    for (const parent of [HOLD, VOIDED])
      expect(await write({ ledger: LEDGER, kind: 'reversal', parent, entries: reversed })).toBe('transactions_parent');
    expect(await write({ ledger: LEDGER, kind: 'void', parent: uuidv7(), entries: released })).not.toBe('accepted');
    expect(await write({ ledger: LEDGER, kind: 'void', entries: released })).toBe('transactions_parent_check');
  });

  it('REL-06 REL-08 a transaction that settles a hold of another ledger', async () => {
    const entries = pair('released', 100, [THERE, OTHER]);
    expect(await write({ ledger: ELSEWHERE, kind: 'void', parent: HOLD, entries })).toBe('transactions_parent');
    const both = [...pair('captured', 100, [THERE, OTHER]), ...entries];
    expect(await write({ ledger: ELSEWHERE, kind: 'capture', parent: HOLD, entries: both })).toBe(
      'transactions_parent',
    );
    const reversed = back(pair('reversed', 100, [THERE, OTHER]));
    expect(await write({ ledger: ELSEWHERE, kind: 'reversal', parent: POSTING, entries: reversed })).toBe(
      'transactions_parent',
    );
  });

  it('REL-06 a hold without its state, or with one that it has not', async () => {
    const id = uuidv7();
    const hold = { ledger: LEDGER, id, kind: 'hold', entries: pair('held', 5) };
    expect(await write(hold)).toBe('transactions_explained');
    for (const remaining of ['{4,4}', '{5}', '{6,6}', '{5,NULL}'])
      expect([remaining, await write({ ...hold, and: holdRow(id, remaining) })]).toEqual([
        remaining,
        'holds_explained',
      ]);
    expect(
      await attempt(
        `INSERT INTO holds (transaction_id, ledger_id, sequence, status, remaining) VALUES ('${PLAIN}', '${LEDGER}', 7, 'pending', '{1,1}')`,
      ),
    ).toBe('holds_explained');
  });

  it('REL-07 more reversed than was posted, on other accounts, or with a state that forgets it', async () => {
    const reversal = (amount: number, remaining: string, accounts = [CASH, SALES] as [string, string]) =>
      write({
        ...{ ledger: LEDGER, kind: 'reversal', parent: POSTING, entries: back(pair('reversed', amount, accounts)) },
        and: sets('reversals', POSTING, `whole = ${remaining === '{0,0}'}, remaining = '${remaining}'`),
      });
    expect(await reversal(9001, '{0,0}')).toMatch(/_explained$/);
    expect(await reversal(100, '{9000,9000}')).toMatch(/_explained$/);
    expect(await reversal(9000, '{0,0}', [CASH, RENT])).toMatch(/_explained$/);
    for (const remaining of ['{10000,10000}', '{8999,8999}', '{NULL,9000}', '[0:1]={9000,9000}']) {
      const change = `UPDATE reversals SET remaining = '${remaining}' WHERE transaction_id = '${POSTING}'`;
      expect([remaining, await attempt(change)]).toEqual([
        remaining,
        expect.stringMatching(/^(reversals_explained|23001)$/),
      ]);
    }
    const moved = `transaction_id = '${PLAIN}', sequence = 7, remaining = '{700,700}'`;
    expect(await attempt(`UPDATE reversals SET ${moved} WHERE transaction_id = '${POSTING}'`)).toBe('23001');
    const second = pair('reversed', 700);
    const row = (id: string) =>
      `s AS (INSERT INTO reversals (transaction_id, ledger_id, sequence, whole, remaining) VALUES ('${id}', '${LEDGER}', 7, true, '{0,0}'))`;
    // in the direction of the original: it would double it
    expect(await write({ ledger: LEDGER, kind: 'reversal', parent: PLAIN, entries: second, and: row(PLAIN) })).toMatch(
      /_explained$/,
    );
  });

  it('REL-03 REL-13 an account that becomes another: its code is in the chain, its side in every balance', async () => {
    for (const change of [`code = 'other'`, `id = '${uuidv7()}'`, `ledger_id = '${ELSEWHERE}'`, `type = 'revenue'`])
      expect(await attempt(`UPDATE accounts SET ${change} WHERE id = '${RENT}'`)).toBe('23001');
    expect(await attempt(`UPDATE accounts SET normal_balance = 'credit' WHERE id = '${RENT}'`)).toBe('23001');
    expect(await attempt(`UPDATE accounts SET name = 'Rent', frozen = 'both' WHERE id = '${RENT}'`)).toBe('accepted');
  });

  it('REL-03 entries that are added to a transaction later', async () => {
    const { rows } = await admin.query<{ version: string }>(
      `SELECT version FROM balances WHERE account_id = '${CASH}'`,
    );
    const entry = (position: number, direction: string, version: number) =>
      `('${PLAIN}', '${LEDGER}', ${position}, '${CASH}', 'EUR', 'posted', '${direction}', 1, ${Number(rows[0]?.version) + version}, 0, now(), now())`;
    expect(
      await attempt(
        `INSERT INTO entries (transaction_id, ledger_id, position, account_id, currency, kind, direction, amount, version, balance_after, effective_at, created_at)
         VALUES ${entry(2, 'debit', 1)}, ${entry(3, 'credit', 2)}`,
      ),
    ).toBe('entries_whole');
  });
});

describe('what was written stays, whoever asks', () => {
  const KEPT = [
    'ledgers',
    'ledger_heads',
    'currencies',
    'accounts',
    'balances',
    'transactions',
    'entries',
    'holds',
    'reversals',
  ];

  it.each(KEPT)('REL-03 rows of %s cannot be removed: by the application, the owner or a superuser', async (table) => {
    expect(await attempt(`DELETE FROM ${table}`)).toBe('42501');
    for (const role of ['daybook_owner', 'daybook_migrator', 'postgres'])
      for (const statement of [`DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`]) {
        const { rows } = await admin.query(`SELECT FROM pg_roles WHERE rolname = '${role}'`);
        if (rows.length === 0) continue;
        await admin.query('BEGIN');
        await admin.query(`SET LOCAL ROLE ${role}`);
        const refused = await admin.query(statement).then(
          () => 'accepted',
          (error: unknown) => (error as { code: string }).code,
        );
        await admin.query('ROLLBACK');
        expect([role, statement, refused]).toEqual([role, statement, expect.stringMatching(/^(23001|42501)$/)]);
        if (role !== 'daybook_migrator') expect([role, statement, refused]).toEqual([role, statement, '23001']);
      }
  });

  it.each([
    ['transactions', 'description', `'x'`],
    ['transactions', 'hash', `decode(repeat('00', 32), 'hex')`],
    ['entries', 'amount', 'amount + 1'],
    ['entries', 'account_id', 'account_id'],
    ['currencies', 'scale', 'scale + 1'],
    ['currencies', 'code', `code || 'X'`],
    ['accounts', 'code', `code || 'X'`],
    ['ledger_heads', 'ledger_id', 'ledger_id'],
  ])('REL-03 %s.%s cannot be changed by a superuser', async (table, column, value) => {
    await expect(admin.query(`UPDATE ${table} SET ${column} = ${value}`)).rejects.toMatchObject({ code: '23001' });
  });
});
