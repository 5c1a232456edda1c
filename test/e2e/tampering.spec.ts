import { uuidv7 } from '../../src/common/ids/uuid';
import { type Finding, type Rule } from '../../src/modules/evidence/core/findings';
import { FIRST_HASH, transactionHash, type RecordedTransaction } from '../../src/modules/transactions';
import { readLedger } from '../../src/modules/evidence/reading/ledger-reader';
import { TenantDatabase } from '../../src/platform/database/tenant-database';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { findingsOf, type RichLedger, richLedger, tamper } from '../support/evidence';
import { posting } from '../support/ledger';

let app: TestApp;
let owner: TestTenant;

beforeAll(async () => {
  app = await startTestApp();
  owner = await app.createTenantWithOwner();
});
afterAll(() => app.close());

const checkpoint = async ({ path }: RichLedger) => {
  const answer = await app.request('POST', `${path}/checkpoints`, { token: owner.token });
  expect(answer.status).toBe(201);
  return answer.body as { id: string };
};
const tx = (id: string) => `transaction ${id}`;
const found = (findings: readonly Finding[]) => findings.map(({ rule, object }) => [rule, object] as const);

/** What somebody does who knows how the chain is made: computes every hash anew, up to the head. */
async function rehash(ledger: RichLedger): Promise<void> {
  const rows = await app.app.get(TenantDatabase).run(owner.tenantId, 'read', async ({ client, tenantId }) => {
    const all = [];
    for await (const page of readLedger(client, tenantId, ledger.id)) all.push(...page);
    return all;
  });
  let hash = FIRST_HASH;
  const statements = rows.map((row) => {
    hash = transactionHash(hash, row as unknown as RecordedTransaction);
    return `UPDATE transactions SET hash = '\\x${hash}' WHERE id = '${row.id}'`;
  });
  const head = `UPDATE ledger_heads SET hash = '\\x${hash}' WHERE ledger_id = '${ledger.id}'`;
  await tamper(app, ...statements, head);
}

/** Removes transactions, and makes heads and balances say that they never were. */
const removeTail = (ledger: RichLedger, count: number) => [
  `CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT id FROM transactions WHERE ledger_id = '${ledger.id}' ORDER BY sequence DESC LIMIT ${count}`,
  `DELETE FROM balances b WHERE ledger_id = '${ledger.id}' AND NOT EXISTS (SELECT FROM entries e WHERE e.account_id = b.account_id AND e.currency = b.currency AND e.transaction_id NOT IN (TABLE gone))`,
  `UPDATE balances b SET version = version - e.n, posted_debits = posted_debits - e.d, posted_credits = posted_credits - e.c
     FROM (SELECT account_id, currency, count(*) AS n, COALESCE(sum(amount) FILTER (WHERE direction = 'debit'), 0) AS d, COALESCE(sum(amount) FILTER (WHERE direction = 'credit'), 0) AS c
             FROM entries WHERE transaction_id IN (TABLE gone) GROUP BY 1, 2) e WHERE b.account_id = e.account_id AND b.currency = e.currency`,
  `DELETE FROM entries WHERE transaction_id IN (TABLE gone)`,
  `DELETE FROM transactions WHERE id IN (TABLE gone)`,
  `UPDATE ledger_heads h SET (sequence, hash) = (SELECT t.sequence, t.hash FROM transactions t WHERE t.ledger_id = h.ledger_id ORDER BY sequence DESC LIMIT 1) WHERE ledger_id = '${ledger.id}'`,
];

describe('REL-13 a ledger that nobody touched', () => {
  it('is clean, with checkpoints and without, empty and in use', async () => {
    const ledger = await richLedger(app, owner);
    expect(await findingsOf(app, owner.tenantId, ledger.id)).toEqual([]);
    await checkpoint(ledger);
    expect(await findingsOf(app, owner.tenantId, ledger.id)).toEqual([]);
    const empty = await app.request('POST', '/v1/ledgers', { token: owner.token, body: { name: 'Empty' } });
    expect(await findingsOf(app, owner.tenantId, empty.body.id as string)).toEqual([]);
  });
});

type Case = [what: string, statement: (l: RichLedger) => string, rule: Rule, object: (l: RichLedger) => string];

const ofFirst = (set: string) => (l: RichLedger) => `UPDATE transactions SET ${set} WHERE id = '${l.first}'`;
const ofEntry = (set: string) => (l: RichLedger) =>
  `UPDATE entries SET ${set} WHERE transaction_id = '${l.first}' AND position = 0`;
const first = (l: RichLedger) => tx(l.first);
const cash = (l: RichLedger) => `account_id = '${l.accounts.get('cash') ?? ''}'`;

const ALTERED: Case[] = [
  ['a description', ofFirst(`description = 'Something else'`), 'hash', first],
  ['a reference', ofFirst(`reference = 'order-2'`), 'hash', first],
  ['a reference that is removed', ofFirst('reference = NULL'), 'hash', first],
  ['metadata', ofFirst(`metadata = metadata || '{"z": 2}'`), 'hash', first],
  ['a time that it happened', ofFirst(`effective_at = effective_at + interval '1 day'`), 'hash', first],
  [
    'a time by less than a millisecond',
    ofFirst(`effective_at = effective_at + interval '1 microsecond'`),
    'hash',
    first,
  ],
  ['a time that is no time', ofFirst(`effective_at = 'infinity'`), 'hash', first],
  ['a time that it was recorded', ofFirst(`created_at = created_at - interval '1 second'`), 'hash', first],
  ['who recorded it', ofFirst(`created_by = '${uuidv7()}'`), 'hash', first],
  ['its template', ofFirst(`template_id = '${uuidv7()}'`), 'hash', first],
  [
    'its id',
    ofFirst(`id = '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00'`),
    'hash',
    () => tx('01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00'),
  ],
  ['its kind', (l) => `UPDATE transactions SET kind = 'hold' WHERE id = '${l.first}'`, 'hash', first],
  ['its hash', ofFirst(`hash = decode(repeat('ab', 32), 'hex')`), 'hash', first],
  ['how many entries it has', ofFirst('entry_count = 3'), 'entries', first],
  [
    'the ledger that it is of',
    (l) => `UPDATE transactions SET ledger_id = '${uuidv7()}' WHERE id = '${l.first}'`,
    'sequence',
    () => 'sequence 1',
  ],
  ['an amount', ofEntry('amount = 2600'), 'hash', first],
  ['an amount, and the sum', ofEntry('amount = 2600'), 'zero-sum', first],
  ['an amount, and what it leaves', ofEntry('amount = 2600'), 'balance-after', () => 'account cash EUR'],
  ['a direction', ofEntry(`direction = 'credit'`), 'zero-sum', first],
  ['a currency', ofEntry(`currency = 'USD'`), 'hash', first],
  ['a kind of entry', ofEntry(`kind = 'captured'`), 'entries', first],
  ['what an entry left', ofEntry('balance_after = balance_after + 1'), 'balance-after', () => 'account cash EUR'],
  ['a version', ofEntry('version = 1000'), 'version', () => 'account cash EUR'],
  ['the position of an entry', ofEntry('position = 7'), 'entries', first],
  ['the time of an entry', ofEntry(`effective_at = effective_at + interval '1 day'`), 'entries', first],
  ['the ledger of an entry', ofEntry(`ledger_id = '${uuidv7()}'`), 'entries', first],
  ['the account of an entry', (l) => ofEntry(`account_id = '${l.accounts.get('loans') ?? ''}'`)(l), 'hash', first],
  ['the account of an entry, for one that is nowhere', ofEntry(`account_id = '${uuidv7()}'`), 'entries', first],
  [
    'an entry that is removed',
    (l) => `DELETE FROM entries WHERE transaction_id = '${l.first}' AND position = 1`,
    'entries',
    first,
  ],
  ['all entries of one', (l) => `DELETE FROM entries WHERE transaction_id = '${l.first}'`, 'entries', first],
  [
    'the code of an account',
    (l) => `UPDATE accounts SET code = 'cash2' WHERE ${cash(l).replace('account_id', 'id')}`,
    'hash',
    first,
  ],
  [
    'an account that is removed',
    (l) => `DELETE FROM accounts WHERE ${cash(l).replace('account_id', 'id')}`,
    'entries',
    first,
  ],
  [
    'a transaction whose entries are left',
    (l) => `DELETE FROM transactions WHERE id = '${l.original}'`,
    'entries',
    (l) => tx(l.original),
  ],
  [
    'a posted balance',
    (l) => `UPDATE balances SET posted_debits = posted_debits + 1 WHERE ${cash(l)} AND currency = 'EUR'`,
    'balance',
    () => 'account cash EUR',
  ],
  [
    'a pending balance',
    (l) => `UPDATE balances SET pending_debits = 0 WHERE ${cash(l)} AND currency = 'EUR'`,
    'balance',
    () => 'account cash EUR',
  ],
  [
    'the version of a balance',
    (l) => `UPDATE balances SET version = version + 1 WHERE ${cash(l)} AND currency = 'EUR'`,
    'balance',
    () => 'account cash EUR',
  ],
  [
    'a balance that is removed',
    (l) => `DELETE FROM balances WHERE ${cash(l)} AND currency = 'EUR'`,
    'balance',
    () => 'account cash EUR',
  ],
  [
    'a balance without entries',
    (l) =>
      `INSERT INTO balances (tenant_id, ledger_id, account_id, currency, posted_debits, posted_credits, version) SELECT tenant_id, ledger_id, account_id, 'JPY', 5, 0, 1 FROM balances WHERE ${cash(l)} AND currency = 'EUR'`,
    'balance',
    () => 'account cash JPY',
  ],
  [
    'what remains of a hold',
    (l) => `UPDATE holds SET remaining = '{6000,6000}' WHERE transaction_id = '${l.hold}'`,
    'hold',
    (l) => tx(l.hold),
  ],
  [
    'more of a hold than it was',
    (l) => `UPDATE holds SET remaining = '{20000,20000}' WHERE transaction_id = '${l.hold}'`,
    'hold',
    (l) => tx(l.hold),
  ],
  [
    'the state of a hold',
    (l) => `UPDATE holds SET status = 'voided', remaining = '{0,0}' WHERE transaction_id = '${l.hold}'`,
    'hold',
    (l) => tx(l.hold),
  ],
  [
    'the state of a hold that ended',
    (l) => `UPDATE holds SET status = 'expired' WHERE transaction_id = '${l.voided}'`,
    'hold',
    (l) => tx(l.voided),
  ],
  [
    'when a hold ends',
    (l) => `UPDATE holds SET expires_at = '2098-01-01' WHERE transaction_id = '${l.hold}'`,
    'hash',
    (l) => tx(l.hold),
  ],
  [
    'the place of a hold',
    (l) => `UPDATE holds SET sequence = sequence + 1 WHERE transaction_id = '${l.hold}'`,
    'hold',
    (l) => tx(l.hold),
  ],
  [
    'a state of a hold that is removed',
    (l) => `DELETE FROM holds WHERE transaction_id = '${l.voided}'`,
    'hold',
    (l) => tx(l.voided),
  ],
  [
    'what remains to be reversed',
    (l) => `UPDATE reversals SET remaining = '{1000,1000}' WHERE transaction_id = '${l.original}'`,
    'reversal',
    (l) => tx(l.original),
  ],
  [
    'a state of reversals that is removed',
    (l) => `DELETE FROM reversals WHERE transaction_id = '${l.original}'`,
    'reversal',
    (l) => tx(l.original),
  ],
  [
    'what a reversal refers to',
    (l) => `UPDATE transactions SET parent_id = '${l.first}' WHERE id = '${l.reversal}'`,
    'hash',
    (l) => tx(l.reversal),
  ],
  [
    'what a capture refers to',
    (l) => `UPDATE transactions SET parent_id = '${l.first}' WHERE id = '${l.capture}'`,
    'parent',
    (l) => tx(l.capture),
  ],
  [
    'where the head is',
    (l) => `UPDATE ledger_heads SET sequence = sequence - 1 WHERE ledger_id = '${l.id}'`,
    'head',
    () => 'head',
  ],
  [
    'the hash of the head',
    (l) => `UPDATE ledger_heads SET hash = decode(repeat('00', 32), 'hex') WHERE ledger_id = '${l.id}'`,
    'head',
    () => 'head',
  ],
  ['a head that is removed', (l) => `DELETE FROM ledger_heads WHERE ledger_id = '${l.id}'`, 'head', () => 'head'],
];

describe('REL-12 REL-13 what somebody altered behind the ledger’s back is found and named', () => {
  it.each(ALTERED)('%s', async (_, statement, rule, object) => {
    const ledger = await richLedger(app, owner);
    await tamper(app, statement(ledger));
    const findings = await findingsOf(app, owner.tenantId, ledger.id);
    expect(found(findings)).toContainEqual([rule, object(ledger)]);
    // what was left alone is not accused
    expect(found(findings)).not.toContainEqual(['hash', tx(ledger.last)]);
  });

  it('a transaction out of the middle, with its entries', async () => {
    const ledger = await richLedger(app, owner);
    await tamper(
      app,
      `DELETE FROM entries WHERE transaction_id = '${ledger.original}'`,
      `DELETE FROM transactions WHERE id = '${ledger.original}'`,
    );
    const findings = found(await findingsOf(app, owner.tenantId, ledger.id));
    expect(findings).toContainEqual(['sequence', 'sequence 2']);
    expect(findings).toContainEqual(['version', 'account cash EUR']);
    expect(findings).toContainEqual(['parent', tx(ledger.reversal)]);
  });

  it('two transactions that changed places', async () => {
    const ledger = await richLedger(app, owner);
    const place = (id: string, sequence: number) => `UPDATE transactions SET sequence = ${sequence} WHERE id = '${id}'`;
    await tamper(app, place(ledger.first, 1000), place(ledger.original, 1), place(ledger.first, 2));
    const findings = found(await findingsOf(app, owner.tenantId, ledger.id));
    expect(findings).toContainEqual(['hash', tx(ledger.first)]);
    expect(findings).toContainEqual(['hash', tx(ledger.original)]);
  });

  it('a forged transaction at the end, with balances and head that agree with it', async () => {
    const ledger = await richLedger(app, owner);
    const forged = uuidv7();
    const entry = (position: number, code: string, direction: string, sign: string) =>
      `INSERT INTO entries (tenant_id, ledger_id, transaction_id, position, account_id, currency, kind, direction, amount, version, balance_after, effective_at, created_at)
       SELECT b.tenant_id, b.ledger_id, '${forged}', ${position}, b.account_id, 'EUR', 'posted', '${direction}', 99, b.version, b.posted_debits - b.posted_credits, t.effective_at, t.created_at
         FROM balances b, transactions t WHERE b.account_id = '${ledger.accounts.get(code) ?? ''}' AND b.currency = 'EUR' AND t.id = '${forged}' ${sign}`;
    await tamper(
      app,
      `INSERT INTO transactions (tenant_id, ledger_id, id, sequence, kind, effective_at, created_at, created_by, entry_count, hash)
       SELECT tenant_id, ledger_id, '${forged}', sequence + 1, 'posting', date_trunc('second', now()), date_trunc('second', now()), '${owner.userId}', 2, decode(repeat('ee', 32), 'hex')
         FROM ledger_heads WHERE ledger_id = '${ledger.id}'`,
      `UPDATE ledger_heads SET sequence = sequence + 1, hash = decode(repeat('ee', 32), 'hex') WHERE ledger_id = '${ledger.id}'`,
      `UPDATE balances SET posted_debits = posted_debits + 99, version = version + 1 WHERE account_id = '${ledger.accounts.get('cash') ?? ''}' AND currency = 'EUR'`,
      `UPDATE balances SET posted_credits = posted_credits + 99, version = version + 1 WHERE account_id = '${ledger.accounts.get('sales') ?? ''}' AND currency = 'EUR'`,
      entry(0, 'cash', 'debit', ''),
      entry(1, 'sales', 'credit', ''),
    );
    expect(found(await findingsOf(app, owner.tenantId, ledger.id))).toEqual([['hash', tx(forged)]]);
  });

  it('a truncated ledger whose head and balances were made to agree: by the checkpoint that it had', async () => {
    const ledger = await richLedger(app, owner);
    const { id } = await checkpoint(ledger);
    await tamper(app, ...removeTail(ledger, 1));
    expect(found(await findingsOf(app, owner.tenantId, ledger.id))).toEqual([['checkpoint-chain', `checkpoint ${id}`]]);
    // and nothing is signed over it
    const answer = await app.request('POST', `${ledger.path}/checkpoints`, { token: owner.token });
    expect([answer.status, answer.body.code]).toEqual([409, 'ledger-contradicted']);
  });

  it('a chain that was computed anew after an alteration: by the checkpoint', async () => {
    const ledger = await richLedger(app, owner);
    const { id } = await checkpoint(ledger);
    await tamper(app, ofFirst(`description = 'Something else'`)(ledger));
    await rehash(ledger);
    expect(found(await findingsOf(app, owner.tenantId, ledger.id))).toEqual([
      ['checkpoint-chain', `checkpoint ${id}`],
      ['checkpoint-root', `checkpoint ${id}`],
    ]);
    // nothing is signed over it, nor over what is posted on top of it
    const refused = async () => {
      const answer = await app.request('POST', `${ledger.path}/checkpoints`, { token: owner.token });
      expect([answer.status, answer.body.code]).toEqual([409, 'ledger-contradicted']);
    };
    await refused();
    const more = await app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('1.00'),
    });
    expect(more.status).toBe(201);
    await refused();
  });

  it.each([
    ['its hash', `hash = decode(repeat('ab', 32), 'hex')`, 'checkpoint-row'],
    ['its root', `root = decode(repeat('ab', 32), 'hex')`, 'checkpoint-row'],
    ['its time', `created_at = created_at - interval '1 day'`, 'checkpoint-row'],
    ['its signature', `jws = left(jws, -20) || repeat('A', 20)`, 'checkpoint-signature'],
    ['what it says', `jws = overlay(jws placing 'AAAA' from 200)`, 'checkpoint-signature'],
    ['an access token in its place', 'jws = $token$', 'checkpoint-signature'],
  ])('a checkpoint: %s', async (_, set, rule) => {
    const ledger = await richLedger(app, owner);
    const { id } = await checkpoint(ledger);
    await tamper(app, `UPDATE checkpoints SET ${set.replace('$token$', `'${owner.token}'`)} WHERE id = '${id}'`);
    expect(found(await findingsOf(app, owner.tenantId, ledger.id))).toEqual([[rule, `checkpoint ${id}`]]);
  });

  it('a checkpoint that is removed: by the next one', async () => {
    const ledger = await richLedger(app, owner);
    const before = await checkpoint(ledger);
    await app.request('POST', `${ledger.path}/transactions/${ledger.hold}/void`, { token: owner.token, body: {} });
    const { id } = await checkpoint(ledger);
    await tamper(app, `DELETE FROM checkpoints WHERE id = '${before.id}'`);
    expect(found(await findingsOf(app, owner.tenantId, ledger.id))).toEqual([['checkpoint-link', `checkpoint ${id}`]]);
  });

  it('the decimals of a currency: by the checkpoint', async () => {
    const other = await app.createTenantWithOwner();
    const ledger = await richLedger(app, other);
    await app.request('POST', `${ledger.path}/checkpoints`, { token: other.token });
    await tamper(app, `UPDATE currencies SET scale = 4 WHERE tenant_id = '${other.tenantId}' AND code = 'EUR'`);
    expect((await findingsOf(app, other.tenantId, ledger.id)).map(({ rule }) => rule)).toEqual(['currency']);
  });
});
