import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { Client } from 'pg';
import { uuidv7 } from '../../src/common/ids/uuid';
import { storeLimits } from '../../src/modules/transactions/core/limits';
import { type Order } from '../../src/modules/transactions/core/orders';
import { type Unit } from '../../src/modules/transactions/engine/command';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';
import { startEngine, type TestEngine } from '../support/engine';
import { faultsInBooks } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { resultOf, stateOf } from '../support/model/core-words';
import { ModelLedger } from '../support/model/ledger';
import { ModelSession, type Prepared, type Result } from '../support/model/session';
import {
  ACCOUNTS,
  dated,
  modelAccountOf,
  opening,
  PLANS,
  SCALES,
  streams,
  type StreamSpec,
} from '../support/model/streams';
import { type ModelAccount } from '../support/model/types';

const RUNS = 40;
const TENANT = uuidv7();
const ME = uuidv7();

let database: TestDatabase;
let admin: Client;
/** Two processes, as the database sees them: what one remembers of a ledger is old when the other has written. */
const processes: TestEngine[] = [];
const seen = { kinds: new Set<string>(), codes: new Set<string>() };

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  await sql(`INSERT INTO tenants (id, name, slug, settings) VALUES ($1, 'T', 'test', '{}')`, [TENANT]);
  await sql(`INSERT INTO currencies (tenant_id, code, scale, name, custom) VALUES ($1, 'PTS', 0, 'Points', true)`, [
    TENANT,
  ]);
  processes.push(await startEngine(database), await startEngine(database));
});

afterAll(async () => {
  for (const { app } of processes) await app.close();
  await admin.end();
  await database.drop();
});

async function sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
  return (await admin.query(text, values)).rows as Row[];
}

async function newLedger(open: boolean): Promise<string> {
  const id = uuidv7();
  await sql(`INSERT INTO ledgers (tenant_id, id, name, unknown_accounts) VALUES ($1, $2, $3, $4)`, [
    ...[TENANT, id, `Ledger ${id}`],
    open ? 'created' : 'refused',
  ]);
  await sql(`INSERT INTO ledger_heads (tenant_id, ledger_id) VALUES ($1, $2)`, [TENANT, id]);
  for (const { pattern, name, type, normalBalance, currencies, limits, metadata } of PLANS)
    await sql(
      `INSERT INTO account_templates (tenant_id, id, ledger_id, pattern, name, type, normal_balance, currencies, limits, metadata)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        ...[TENANT, uuidv7(), id, pattern, name, type, normalBalance, currencies],
        ...[JSON.stringify(storeLimits(limits)), JSON.stringify(metadata)],
      ],
    );
  return id;
}

async function saveAccount(ledger: string, id: string, account: ModelAccount): Promise<void> {
  const { code, normalBalance, open, frozen, currencies, limits } = stateOf(account, id);
  const type = normalBalance === 'debit' ? 'asset' : 'liability';
  await sql(
    `INSERT INTO accounts (tenant_id, id, ledger_id, code, type, normal_balance, status, frozen, currencies, limits)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (tenant_id, id) DO UPDATE SET status = excluded.status, frozen = excluded.frozen, limits = excluded.limits`,
    [
      ...[TENANT, id, ledger, code, type, normalBalance, open ? 'open' : 'closed', frozen],
      ...[currencies, JSON.stringify(storeLimits(limits))],
    ],
  );
}

const commandOf = ({ order, key, fingerprint }: Prepared['commands'][number], run: string) => ({
  order: {
    ...order,
    description: null,
    effectiveAt: undefined,
    createdBy: ME,
    metadata: {},
    templateId: null,
  } as Order,
  key: {
    ...{ principalId: ME, operation: run, key, keptDays: null },
    fingerprint: createHash('sha256').update(fingerprint).digest(),
  },
});

/** Refused and remembered: its record says when the batch was. */
const clock = (run: string, batch: number): Unit => {
  const entry = { account: 'nobody', amount: '1', currency: 'EUR' };
  const entries = (['debit', 'credit'] as const).map((direction) => ({ ...entry, direction }));
  const order = { id: uuidv7(), reference: null, kind: 'posting', pending: false, expiresAt: null, entries } as const;
  const command = commandOf({ order, key: `clock-${batch}`, fingerprint: '' }, run);
  return { atomic: false, dryRun: false, commands: [command] };
};

/** All rows of the ledger but the records of keys. */
async function rowsOf(ledger: string): Promise<unknown> {
  const tables = ['accounts', 'balances', 'transactions', 'entries', 'holds', 'reversals', 'ledger_heads'];
  const hash = (table: string) =>
    `(SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM ${table} t WHERE ledger_id = $1) AS ${table}`;
  return (await sql(`SELECT ${tables.map(hash).join(', ')}`, [ledger]))[0];
}

/** What the rows say, in the model's words. */
async function viewOf(ledger: string) {
  const balances = await sql<Record<'code' | 'currency' | 'd' | 'c' | 'pd' | 'pc' | 'version', string>>(
    `SELECT a.code, b.currency, posted_debits AS d, posted_credits AS c, pending_debits AS pd, pending_credits AS pc, b.version
       FROM balances b JOIN accounts a ON a.tenant_id = b.tenant_id AND a.id = b.account_id WHERE b.ledger_id = $1`,
    [ledger],
  );
  const states = await sql<{ id: string; kind: string; status: string | null; remaining: string[] | null }>(
    `SELECT t.id, t.kind, h.status, COALESCE(h.remaining, r.remaining)::text[] AS remaining FROM transactions t
       LEFT JOIN holds h ON h.tenant_id = t.tenant_id AND h.transaction_id = t.id
       LEFT JOIN reversals r ON r.tenant_id = t.tenant_id AND r.transaction_id = t.id
      WHERE t.ledger_id = $1 AND COALESCE(h.remaining, r.remaining) IS NOT NULL`,
    [ledger],
  );
  const [head] = await sql<{ sequence: string }>('SELECT sequence FROM ledger_heads WHERE ledger_id = $1', [ledger]);
  return {
    sequence: Number(head?.sequence),
    balances: Object.fromEntries(
      balances.map(({ code, currency, d, c, pd, pc, version }) => [
        `${code} ${currency}`,
        {
          ...{ debits: BigInt(d), credits: BigInt(c), pendingDebits: BigInt(pd), pendingCredits: BigInt(pc) },
          version: Number(version),
        },
      ]),
    ),
    states: Object.fromEntries(states.map(({ id, status, remaining }) => [id, [status, remaining?.map(BigInt)]])),
  };
}

function viewOfModel(model: ModelLedger) {
  const states: Record<string, [string | null, bigint[]]> = {};
  for (const { id, kind, status, left, legs } of Object.values(model.transactions)) {
    const touched = left.some((one, place) => legs[place]?.kind !== 'released' && one !== legs[place]?.amount);
    if (kind === 'hold') states[id] = [status, left];
    else if (touched && (kind === 'posting' || kind === 'capture')) states[id] = [null, left];
  }
  return { sequence: model.sequence, balances: model.balances, states };
}

async function run({ open, batches }: StreamSpec): Promise<void> {
  const ledger = await newLedger(open);
  const ids = new Map(ACCOUNTS.map(({ code }) => [code, uuidv7()]));
  const codes = new Map([...ids].map(([code, id]) => [id, code]));
  const model = new ModelLedger(SCALES, open ? modelAccountOf : undefined, (name) => codes.get(name) ?? name);
  const update = async (account: ModelAccount) => {
    model.accounts.set(account.code, account);
    await saveAccount(ledger, ids.get(account.code) ?? '', account);
  };
  for (const account of ACCOUNTS) await update(account);
  const begun = Date.now();
  let commands = 0;
  const session = new ModelSession(model, uuidv7, (code) =>
    (commands += 1) % 3 === 0 ? (ids.get(code) ?? code) : code,
  );
  const known: string[] = [];
  for (const [index, { after, change, units }] of [{ after: 0, change: null, units: opening }, ...batches].entries()) {
    await delay(after);
    const changed = change && model.accounts.get(ACCOUNTS[change.account]?.code ?? '');
    if (changed) await update({ ...changed, ...dated(change.to, begun) });
    model.now = Date.now();
    const prepared = units.map((unit) => session.prepare(unit, known));
    const before = await rowsOf(ledger);
    const { engine } = processes[(index + units.length) % 2] as TestEngine;
    // in one turn, and so in one batch
    const outcomes = await Promise.all([
      ...prepared.map(({ commands: own, ...unit }) =>
        engine.submit(TENANT, ledger, { ...unit, commands: own.map((command) => commandOf(command, ledger)) }),
      ),
      engine.submit(TENANT, ledger, clock(ledger, index)),
    ]);
    const [tick] = await sql<{ now: Date }>(
      'SELECT created_at AS now FROM idempotency_keys WHERE operation = $1 AND key = $2',
      [ledger, `clock-${index}`],
    );
    const expired = model.advance(tick?.now.getTime() ?? NaN);
    const expected: Result[][] = prepared.map((unit) => session.carryOut(unit));
    expect(outcomes.slice(0, -1).map((unit) => unit.map(resultOf))).toEqual(expected);
    expect(await viewOf(ledger)).toEqual(viewOfModel(model));
    const recorded = expected.flat().some((result) => result.kind === 'recorded' && !result.replayed);
    const kept = recorded && prepared.some(({ dryRun }) => !dryRun);
    if (expired.length === 0 && !kept) expect(await rowsOf(ledger)).toEqual(before);
    known.splice(0, known.length, ...Object.keys(model.transactions).filter((id) => !id.startsWith('expiry of')));
    for (const { kind } of Object.values(model.transactions)) seen.kinds.add(kind);
    for (const result of expected.flat()) if (result.kind === 'refused') seen.codes.add(result.code);
  }
}

describe('the engine and the database against the model', () => {
  it('REL-01 REL-02 REL-04 REL-05 REL-06 REL-07 any stream of commands has the same answers and leaves the same rows; a refusal changes none', async () => {
    await fc.assert(fc.asyncProperty(streams([20, 40, 3_600_000, -1], [0, 0, 30, 60]), run), {
      numRuns: RUNS,
      interruptAfterTimeLimit: 60_000,
    });
    expect([...seen.kinds].sort()).toEqual(['capture', 'expiry', 'hold', 'posting', 'reversal', 'void']);
    expect(seen.codes.size).toBeGreaterThan(15);
  }, 120_000);

  it('REL-01 REL-02 REL-06 REL-07 REL-12 afterwards the books add up', async () => {
    expect(await faultsInBooks({ sql })).toEqual([]);
  });

  it('REL-13 and their chains follow, each hash from the one before', async () => {
    expect(await faultsInChains({ sql })).toEqual([]);
  });
});
