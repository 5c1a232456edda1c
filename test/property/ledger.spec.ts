import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { serialize } from 'node:v8';
import * as fc from 'fast-check';
import { type Book } from '../../src/modules/transactions/core/book';
import { type Order } from '../../src/modules/transactions/core/orders';
import { type RecordedTransaction } from '../../src/modules/transactions/core/recorded';
import { type Unit } from '../../src/modules/transactions/engine/command';
import { type Deciding } from '../../src/modules/transactions/engine/deciding';
import { type ChainedTransaction, faultsInChain } from '../support/ledger-chain';
import { codeOf, idOf, resultOf, stateOf } from '../support/model/core-words';
import { ModelLedger } from '../support/model/ledger';
import { MemoryEngine } from '../support/model/memory-engine';
import { ModelSession, type Prepared } from '../support/model/session';
import {
  ACCOUNTS,
  CODES,
  dated,
  modelAccountOf,
  opening,
  PLANS,
  SCALES,
  streams,
  type StreamSpec,
} from '../support/model/streams';
import { type ModelAccount } from '../support/model/types';

/** More of them for an hour's search: PROPERTY_RUNS=200000. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 2_000);
const START = Date.parse('2026-11-21T10:00:00.000Z');

/** What came about in all runs together: a property that never gets to a rule does not test it. */
const seen = { codes: new Set<string>(), kinds: new Set<string>(), results: new Set<string>(), recorded: 0 };

/** Carries out a stream on the core and on the model. */
function run({ open, batches }: StreamSpec): void {
  const engine = new MemoryEngine(open ? PLANS : undefined, [{ code: 'PTS', scale: SCALES.PTS, name: 'Points' }]);
  const model = new ModelLedger(SCALES, open ? modelAccountOf : undefined, codeOf);
  const update = (account: ModelAccount) => {
    model.accounts.set(account.code, account);
    engine.accounts.set(idOf(account.code), stateOf(account));
  };
  ACCOUNTS.forEach(update);
  let number = 0;
  const session = new ModelSession(
    model,
    () => `t${(number += 1)}`,
    // entries name accounts by id now and then
    (code) => (engine.accounts.has(idOf(code)) && number % 3 === 0 ? idOf(code) : code),
  );
  let now = START;
  for (const { after, change, units } of [{ after: 0, change: null, units: opening }, ...batches]) {
    now += after;
    const changed = change && model.accounts.get(ACCOUNTS[change.account]?.code ?? '');
    if (changed) update({ ...changed, ...dated(change.to, START) });
    const { book, deciding, commit } = engine.begin(new Date(now));
    model.advance(now);
    compare(book, model);
    for (const unit of units) runUnit(session.prepare(unit, [...book.parents.keys()]), session, book, deciding, model);
    commit();
  }
  assertAddsUp(engine.recorded);
}

function runUnit(unit: Prepared, session: ModelSession, book: Book, deciding: Deciding, model: ModelLedger): void {
  const before = bytesOf(book);
  const keys = deciding.keys.length;
  const results = deciding.decide({ ...unit, commands: unit.commands.map(commandOf) }).map(resultOf);
  assertSame(results, session.carryOut(unit));
  if (unit.dryRun || !results.some((result) => result.kind === 'recorded' && !result.replayed))
    assertSame(bytesOf(book).equals(before), true);
  if (unit.dryRun) assertSame(deciding.keys.length, keys);
  compare(book, model);
  for (const result of results) {
    if (result.kind === 'refused') seen.codes.add(result.code);
    if (result.kind === 'recorded') seen.recorded += 1;
    seen.results.add(`${result.kind}${result.kind !== 'aborted' && result.replayed ? ' again' : ''}`);
  }
}

const commandOf = ({ order, key, fingerprint }: Prepared['commands'][number]): Unit['commands'][number] => ({
  order: {
    ...order,
    description: null,
    effectiveAt: undefined,
    createdBy: 'me',
    metadata: {},
    templateId: null,
  } as Order,
  key: {
    ...{ principalId: 'me', operation: 'test', key, keptDays: null },
    fingerprint: createHash('sha256').update(fingerprint).digest(),
  },
  balances: true,
});

/** `expect` only where there is a difference to be shown: it takes a hundred times as long. */
function assertSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

/** All of a book that is ever written, in the order in which it stands there. */
function bytesOf(book: Book): Buffer {
  const { sequence, hash, accounts, balances, changedBalances, parents, changedParents } = book;
  const { velocity, adopted, created, currencies, references, recorded } = book;
  const state = { sequence, hash, accounts, balances, changedBalances, parents, changedParents };
  return serialize({ ...state, velocity, adopted, created, currencies, references, recorded });
}

function compare(book: Book, model: ModelLedger): void {
  const codes = new Map([...book.accounts.values()].map(({ id, code }) => [id, code]));
  const parents = [...book.parents.values()];
  const known = new Set(book.parents.keys());
  const modelParents = Object.values(model.transactions).filter(({ id }) => known.has(id));
  assertSame(
    {
      sequence: Number(book.sequence),
      accounts: [...codes.values()].sort(),
      references: [...book.references].sort(),
      left: Object.fromEntries(parents.map(({ id, remaining }) => [id, remaining])),
      holds: Object.fromEntries(parents.flatMap(({ id, kind, status }) => (kind === 'hold' ? [[id, status]] : []))),
      balances: Object.fromEntries(
        [...book.balances.values()].map(
          ({ accountId, currency, debits, credits, pendingDebits, pendingCredits, version }) => [
            `${codes.get(accountId) ?? ''} ${currency}`,
            { debits, credits, pendingDebits, pendingCredits, version: Number(version) },
          ],
        ),
      ),
    },
    {
      sequence: model.sequence,
      accounts: [...model.accounts.keys()].sort(),
      references: [...model.references].sort(),
      left: Object.fromEntries(modelParents.map(({ id, left }) => [id, left])),
      holds: Object.fromEntries(
        modelParents.flatMap(({ id, kind, status }) => (kind === 'hold' ? [[id, status]] : [])),
      ),
      balances: model.balances,
    },
  );
  assertHoldsExplainPending(book, codes);
}

/** REL-06, from the book alone: what is pending is what open holds have left. */
function assertHoldsExplainPending(book: Book, codes: ReadonlyMap<string, string>): void {
  const reserved = new Map<string, bigint>();
  for (const { kind, status, entries, remaining } of book.parents.values()) {
    if (kind !== 'hold') continue;
    assertSame(
      status === 'pending',
      remaining.some((left) => left > 0n),
    );
    for (const [place, { accountId, currency, direction, amount }] of entries.entries()) {
      const left = remaining[place] ?? -1n;
      assertSame(left >= 0n && left <= amount, true);
      const key = `${accountId} ${currency} ${direction}`;
      reserved.set(key, (reserved.get(key) ?? 0n) + left);
    }
  }
  for (const { accountId, currency, pendingDebits, pendingCredits } of book.balances.values())
    assertSame(
      [codes.get(accountId), pendingDebits, pendingCredits],
      [
        codes.get(accountId),
        reserved.get(`${accountId} ${currency} debit`) ?? 0n,
        reserved.get(`${accountId} ${currency} credit`) ?? 0n,
      ],
    );
}

/** The whole history, from its entries alone. */
function assertAddsUp(recorded: readonly RecordedTransaction[]): void {
  const balances = new Map<string, { after: bigint; version: bigint }>();
  /** By transaction and kind of entry: its own, and those of what settles or reverses it. */
  const parts = new Map<string, bigint>();
  const add = (sums: Map<string, bigint>, key: string, amount: bigint) => sums.set(key, (sums.get(key) ?? 0n) + amount);
  for (const [index, { sequence, kind: what, id, parentId, entries }] of recorded.entries()) {
    seen.kinds.add(what);
    assertSame(sequence, BigInt(index + 1));
    const sums = new Map<string, bigint>();
    for (const { kind, currency, direction, amount, accountId, version, balanceAfter } of entries) {
      assertSame(amount > 0n, true);
      const signed = direction === 'debit' ? amount : -amount;
      add(sums, `${kind} ${currency}`, signed);
      add(parts, `${id} ${kind}`, amount);
      if (parentId !== null) add(parts, `of ${parentId} ${kind}`, amount);
      const before = balances.get(`${accountId} ${currency}`) ?? { after: 0n, version: 0n };
      const after = before.after + (kind === 'held' || kind === 'released' ? 0n : signed);
      assertSame([version, balanceAfter], [before.version + 1n, after]);
      balances.set(`${accountId} ${currency}`, { after, version });
    }
    assertSame(
      [...sums.values()].filter((sum) => sum !== 0n),
      [],
    );
  }
  const sum = (key: string) => parts.get(key) ?? 0n;
  for (const { id } of recorded) {
    assertSame(sum(`of ${id} captured`) <= sum(`of ${id} released`), true);
    assertSame(sum(`of ${id} released`) <= sum(`${id} held`), true);
    assertSame(sum(`of ${id} reversed`) <= sum(`${id} posted`) + sum(`${id} captured`), true);
  }
  assertSame(faultsInChain(recorded.map(chained)), []);
}

const chained = (one: RecordedTransaction): ChainedTransaction => ({
  ...one,
  sequence: String(one.sequence),
  effectiveAt: one.effectiveAt.toISOString(),
  createdAt: one.createdAt.toISOString(),
  expiresAt: one.expiresAt?.toISOString() ?? null,
  entries: one.entries.map((entry) => [
    ...[entry.accountId, entry.account, entry.currency, entry.direction, entry.kind],
    ...[String(entry.amount), String(entry.version), String(entry.balanceAfter)],
  ]),
});

describe('the core against the model', () => {
  it(
    'REL-01 REL-02 REL-04 REL-05 REL-06 REL-07 REL-11 REL-13 any stream of commands has the same answers and leaves the same ledger; a refusal leaves it byte-identical',
    () => {
      fc.assert(fc.property(streams([500, 1_000, 60_000, 0, -1], [0, 1, 400, 1_000, 5_000, 60_000]), run), {
        numRuns: RUNS,
      });
      // every refusal that there is and every kind of transaction came about
      expect([...seen.codes].sort()).toEqual([...CODES].sort());
      expect([...seen.kinds].sort()).toEqual(['capture', 'expiry', 'hold', 'posting', 'reversal', 'void']);
      expect([...seen.results].sort()).toEqual(['aborted', 'recorded', 'recorded again', 'refused', 'refused again']);
      expect(seen.recorded).toBeGreaterThan(RUNS * 5);
    },
    RUNS * 60,
  );
});
