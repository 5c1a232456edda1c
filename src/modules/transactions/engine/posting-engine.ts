import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { uuidv7 } from '../../../common/ids/uuid';
import { OUTCOME_UNKNOWN } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { type Caller } from '../../../platform/context/deadline';
import { connectionLost, errorCode, shouldRetry } from '../../../platform/database/database-errors';
import { TenantDatabase, type Transaction } from '../../../platform/database/tenant-database';
import { Metrics } from '../../../platform/telemetry/metrics';
import { type RecordedTransaction } from '../core/recorded';
import { expire } from '../core/settlement';
import { QUEUE_FULL } from './engine.errors';
import { type BatchState, readBatch } from './batch-reader';
import { writeBatch } from './batch-writer';
import { type Command, type Outcome, single, type Unit } from './command';
import { Deciding } from './deciding';
import { Lane } from './lane';
import { type KnownLedger, LedgerCache, type Stamp } from './ledger-cache';
import { ledgerLock } from './ledger-lock';
import { EXPIRIES_MAX, parentIds, readParents } from './parent-reader';
import { readTransactions } from './replay';
import { Semaphore } from './semaphore';
import { StatisticsKeeper } from './statistics-keeper';
import { readVelocity } from './velocity-reader';

/** Pauses before a batch whose connection broke is tried again, in milliseconds: about five seconds in all. */
const PAUSES = [50, 150, 400, 1_000, 1_500, 2_000];

/**
 * Records changes of ledgers: the one writer of balances, transactions, entries, holds and reversals.
 *
 * Commands of a ledger that arrive while one batch is being committed make the next one. A batch is one transaction:
 * lock the ledger, read all it needs, decide each command in order in plain TypeScript (`core`), write the result in
 * one statement, commit, and only then answer. Several processes may serve a ledger; its lock orders their batches.
 * Decision: docs/decisions/0004-one-writer-per-ledger.md
 */
@Injectable()
export class PostingEngine {
  private readonly logger = new Logger(PostingEngine.name);
  private readonly lanes = new Map<string, Lane>();
  private readonly cache = new LedgerCache();
  private readonly connections: Semaphore;
  private readonly statistics: StatisticsKeeper;

  constructor(
    private readonly database: TenantDatabase,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {
    // the rest of the pool stays free for reads, however many ledgers are busy
    this.statistics = new StatisticsKeeper(database);
    this.connections = new Semaphore(Math.max(1, Math.floor(config.database.poolSize * 0.6)));
  }

  /**
   * @param caller when it has gone the command is withdrawn if its batch has not begun
   * @throws Problem `ledger-busy` (503) when the ledger's queue is full; problems of the database
   */
  async post(tenantId: string, ledgerId: string, command: Command, caller?: Caller): Promise<Outcome> {
    const [outcome] = await this.submit(tenantId, ledgerId, single(command), caller);
    if (!outcome) throw new Error('no outcome');
    return outcome;
  }

  /** Several commands as one, in their order; an outcome each. As `post` otherwise. */
  submit(tenantId: string, ledgerId: string, unit: Unit, caller?: Caller): Promise<Outcome[]> {
    const lane = this.lane(tenantId, ledgerId);
    const outcomes = lane.submit(unit, caller);
    if (outcomes) return outcomes;
    throw new Problem(
      QUEUE_FULL,
      `${lane.length} postings wait for this ledger. This one was not executed; try again.`,
      {
        headers: { 'retry-after': '1' },
      },
    );
  }

  /** Records the end of the ledger's holds whose time has come. Batches do so too: this is for ledgers without any. */
  async expireHolds(tenantId: string, ledgerId: string): Promise<void> {
    await this.submit(tenantId, ledgerId, { commands: [], atomic: false, dryRun: false });
  }

  /** Commands that wait, over all ledgers of this process. */
  get waiting(): number {
    let waiting = 0;
    for (const lane of this.lanes.values()) waiting += lane.length;
    return waiting;
  }

  private lane(tenantId: string, ledgerId: string): Lane {
    const id = `${tenantId} ${ledgerId}`;
    let lane = this.lanes.get(id);
    if (!lane) {
      const { batchCommands: batch, batchEntries: entries, queueCommands: queue } = this.config.engine;
      lane = new Lane(
        { batch, entries, queue },
        (batch) => this.connections.run(batch),
        (units) => this.execute(tenantId, ledgerId, units),
        () => this.lanes.delete(id),
        (seconds) => {
          this.metrics.engineWait.observe(seconds);
        },
      );
      this.lanes.set(id, lane);
    }
    return lane;
  }

  /** A batch that fails as a whole is halved until the unit that does it stands alone and fails alone. */
  private async execute(tenantId: string, ledgerId: string, units: readonly Unit[]): Promise<(Outcome[] | Error)[]> {
    try {
      return await this.commitWithRetries(tenantId, ledgerId, units);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      const unavailable = failure instanceof Problem && failure.status === 503;
      if (units.length === 1 && failure instanceof CompanionFailed)
        return [this.database.problemOf(failure.reason) as Error];
      if (units.length === 1 || unavailable) return units.map(() => failure);
      this.logger.warn({ msg: 'a batch failed; it is halved', units: units.length, err: failure });
      const middle = Math.ceil(units.length / 2);
      return [
        ...(await this.execute(tenantId, ledgerId, units.slice(0, middle))),
        ...(await this.execute(tenantId, ledgerId, units.slice(middle))),
      ];
    }
  }

  /**
   * The same batch with the same ids. After a COMMIT whose answer was lost, its keys tell: if it was committed they
   * are there and the second run answers from them.
   */
  private async commitWithRetries(tenantId: string, ledgerId: string, units: readonly Unit[]): Promise<Outcome[][]> {
    for (let attempt = 0; ;) {
      try {
        const outcomes = await this.commit(tenantId, ledgerId, units);
        // more holds were due than one batch records: those first, then the commands
        if (outcomes === 'expiring') continue;
        const commands = units.reduce((sum, unit) => sum + unit.commands.length, 0);
        this.metrics.engineBatch.observe(commands);
        this.statistics.posted(commands);
        return outcomes;
      } catch (error) {
        const pause = PAUSES[attempt++];
        const cause = error instanceof Problem ? error.options.cause : error;
        const unknown = error instanceof Problem && error.type === OUTCOME_UNKNOWN;
        const again = unknown || connectionLost(cause) || errorCode(cause) === '55P03' || raced(cause);
        if (pause === undefined || !again) throw error;
        await delay(pause + Math.random() * pause * 0.2);
      }
    }
  }

  private async commit(tenantId: string, ledgerId: string, units: readonly Unit[]): Promise<Outcome[][] | 'expiring'> {
    const id = `${tenantId} ${ledgerId}`;
    let written = 0;
    const { outcomes, stamp, known } = await this.database.run(
      tenantId,
      'write',
      async (transaction) => {
        const decided = await this.decide(transaction, ledgerId, units, this.cache.take(id));
        written = performance.now();
        return decided;
      },
      { lock: ledgerLock(tenantId, ledgerId), fixedPlans: true },
    );
    this.metrics.engineStep.observe({ step: 'commit' }, (performance.now() - written) / 1000);
    if (stamp) this.cache.put(id, known, stamp);
    return outcomes;
  }

  private async decide(
    transaction: Transaction,
    ledgerId: string,
    units: readonly Unit[],
    known: KnownLedger,
  ): Promise<Decision> {
    const { client, tenantId } = transaction;
    const began = performance.now();
    const state = await readBatch(client, tenantId, ledgerId, units, known);
    const { book } = state;
    let due: string[] = [];
    if (book) {
      const parents = parentIds(units);
      if (parents.length > 0 || state.holdsDue) due = await readParents(client, tenantId, book, parents);
      await readVelocity(client, tenantId, book, units);
    }
    const earlier = await earlierTransactions(transaction, state);
    const read = performance.now();

    // what has ended frees its balance before anybody asks for it
    for (const id of due) {
      const hold = book?.parents.get(id);
      if (book && hold) expire(book, hold, uuidv7());
    }
    const crowded = due.length === EXPIRIES_MAX;
    const deciding = new Deciding(state, earlier, this.config.http.publicUrl);
    const outcomes = crowded ? 'expiring' : units.map((unit) => deciding.decide(unit));
    const decided = performance.now();

    if (book && (book.recorded.length > 0 || deciding.keys.length > 0))
      await writeBatch(client, tenantId, book, deciding.keys, state);
    if (outcomes !== 'expiring') await doTogether(units, outcomes);
    this.metrics.engineStep.observe({ step: 'read' }, (read - began) / 1000);
    this.metrics.engineStep.observe({ step: 'decide' }, (decided - read) / 1000);
    this.metrics.engineStep.observe({ step: 'write' }, (performance.now() - decided) / 1000);
    for (const balance of book?.changedBalances ?? []) balance.storedVersion = balance.version;
    return { outcomes, known, stamp: book && { hash: book.hash, accountsVersion: state.accountsVersion } };
  }
}

/** What was to be committed together with a transaction failed: it takes its own unit back, and no other. */
class CompanionFailed extends Error {
  constructor(readonly reason: Error) {
    super(`what was to be committed with a transaction failed: ${reason.message}`, { cause: reason });
  }
}

async function doTogether(units: readonly Unit[], outcomes: readonly Outcome[][]): Promise<void> {
  for (const [place, { commands, dryRun }] of units.entries())
    for (const [index, { together }] of commands.entries()) {
      const outcome = outcomes[place]?.[index];
      if (!together || dryRun || outcome?.kind !== 'recorded' || outcome.replayed) continue;
      try {
        await together(outcome.transaction);
      } catch (error) {
        // an outage or a conflict is the whole batch's, which is run again
        if (isOfTheDatabase(error)) throw error;
        throw new CompanionFailed(error instanceof Error ? error : new Error(String(error)));
      }
    }
}

const isOfTheDatabase = (error: unknown): boolean => connectionLost(error) || shouldRetry(error);

/** Names that may be taken between our read and our write: other ledgers use keys, and accounts are created without the lock. */
const RACED = ['idempotency_keys_pkey', 'accounts_code_key'];

/** The same key was used, or the same account made, elsewhere at the same moment: the next run finds it. */
const raced = (error: unknown): boolean =>
  errorCode(error) === '23505' && RACED.includes((error as { constraint?: string }).constraint ?? '');

interface Decision {
  readonly outcomes: Outcome[][] | 'expiring';
  readonly known: KnownLedger;
  /** Of the ledger as the batch leaves it. */
  readonly stamp: Stamp | undefined;
}

async function earlierTransactions(transaction: Transaction, state: BatchState) {
  const ids = [...state.keys.values()].flatMap(({ transactionId }) => transactionId ?? []);
  if (ids.length === 0) return new Map<string, RecordedTransaction>();
  const transactions = await readTransactions(transaction, 't.tenant_id = $1 AND t.id = ANY ($2::uuid[])', [
    transaction.tenantId,
    ids,
  ]);
  return new Map(transactions.map(({ recorded }) => [recorded.id, recorded]));
}
