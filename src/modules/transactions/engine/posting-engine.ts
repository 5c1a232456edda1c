import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { OUTCOME_UNKNOWN } from '../../../common/problems/http.problems';
import { Problem, problemDocument } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { connectionLost, errorCode } from '../../../platform/database/database-errors';
import { TenantDatabase, type Transaction } from '../../../platform/database/tenant-database';
import { keyReused } from '../../../platform/http/idempotency/idempotency.service';
import { type PostedTransaction } from '../core/posting';
import { LEDGER_CLOSED, LEDGER_NOT_FOUND, QUEUE_FULL, TENANT_NOT_ACTIVE } from '../transactions.errors';
import { type BatchState, readBatch } from './batch-reader';
import { type KeyRecord, writeBatch } from './batch-writer';
import { type Command, type Outcome, scopedKey } from './command';
import { Lane } from './lane';
import { ledgerLock } from './ledger-lock';
import { readTransactions } from './replay';
import { Semaphore } from './semaphore';
import { StatisticsKeeper } from './statistics-keeper';

/** Pauses before a batch whose connection broke is tried again, in milliseconds: about five seconds in all. */
const PAUSES = [50, 150, 400, 1_000, 1_500, 2_000];

/**
 * Posts to ledgers: the one writer of balances, transactions and entries.
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
  private readonly connections: Semaphore;
  private readonly statistics: StatisticsKeeper;

  constructor(
    private readonly database: TenantDatabase,
    private readonly config: Config,
  ) {
    // the rest of the pool stays free for reads, however many ledgers are busy
    this.statistics = new StatisticsKeeper(database);
    this.connections = new Semaphore(Math.max(1, Math.floor(config.database.poolSize * 0.6)));
  }

  /**
   * @param signal a caller who has gone: the command is withdrawn if its batch has not begun
   * @throws Problem `ledger-busy` (503) when the ledger's queue is full; problems of the database
   */
  post(tenantId: string, ledgerId: string, command: Command, signal?: AbortSignal): Promise<Outcome> {
    const lane = this.lane(tenantId, ledgerId);
    const outcome = lane.submit(command, signal);
    if (outcome) return outcome;
    throw new Problem(
      QUEUE_FULL,
      `${lane.length} postings wait for this ledger. This one was not executed; try again.`,
      {
        headers: { 'retry-after': '1' },
      },
    );
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
      const { batchCommands: batch, queueCommands: queue } = this.config.engine;
      lane = new Lane(
        { batch, queue },
        (commands) => this.connections.run(() => this.execute(tenantId, ledgerId, commands)),
        () => this.lanes.delete(id),
      );
      this.lanes.set(id, lane);
    }
    return lane;
  }

  /** A batch that fails as a whole is halved until the command that does it stands alone and fails alone. */
  private async execute(
    tenantId: string,
    ledgerId: string,
    commands: readonly Command[],
  ): Promise<(Outcome | Error)[]> {
    try {
      return await this.commitWithRetries(tenantId, ledgerId, commands);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      const unavailable = failure instanceof Problem && failure.status === 503;
      if (commands.length === 1 || unavailable) return commands.map(() => failure);
      this.logger.warn({ msg: 'a batch failed; it is halved', commands: commands.length, err: failure });
      const middle = Math.ceil(commands.length / 2);
      return [
        ...(await this.execute(tenantId, ledgerId, commands.slice(0, middle))),
        ...(await this.execute(tenantId, ledgerId, commands.slice(middle))),
      ];
    }
  }

  /**
   * The same batch with the same ids. After a COMMIT whose answer was lost, its keys tell: if it was committed they
   * are there and the second run answers from them.
   */
  private async commitWithRetries(
    tenantId: string,
    ledgerId: string,
    commands: readonly Command[],
  ): Promise<Outcome[]> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const outcomes = await this.commit(tenantId, ledgerId, commands);
        this.statistics.posted(commands.length);
        return outcomes;
      } catch (error) {
        const pause = PAUSES[attempt];
        const cause = error instanceof Problem ? error.options.cause : error;
        const unknown = error instanceof Problem && error.type === OUTCOME_UNKNOWN;
        if (pause === undefined || !(unknown || connectionLost(cause) || errorCode(cause) === '55P03')) throw error;
        await delay(pause + Math.random() * pause * 0.2);
      }
    }
  }

  private commit(tenantId: string, ledgerId: string, commands: readonly Command[]): Promise<Outcome[]> {
    return this.database.run(tenantId, 'write', (transaction) => this.decide(transaction, ledgerId, commands), {
      lock: ledgerLock(tenantId, ledgerId),
    });
  }

  private async decide(
    { client, tenantId }: Transaction,
    ledgerId: string,
    commands: readonly Command[],
  ): Promise<Outcome[]> {
    const state = await readBatch(client, tenantId, ledgerId, commands);
    const earlier = await this.earlierTransactions(client, tenantId, state);
    const decided = new Map<string, { fingerprint: Buffer; outcome: Outcome }>();
    const posted: PostedTransaction[] = [];
    const keys: KeyRecord[] = [];
    const outcomes = commands.map((command): Outcome => {
      const scope = scopedKey(command.key);
      const known = state.keys.get(scope);
      if (known) {
        if (!known.fingerprint.equals(command.key.fingerprint))
          return { kind: 'refused', problem: keyReused(), replayed: false };
        const transaction = known.transactionId === null ? undefined : earlier.get(known.transactionId);
        return transaction
          ? { kind: 'posted', transaction, replayed: true }
          : { kind: 'stored', status: known.status, body: known.body };
      }
      const twin = decided.get(scope);
      if (twin) {
        if (!twin.fingerprint.equals(command.key.fingerprint))
          return { kind: 'refused', problem: keyReused(), replayed: false };
        return twin.outcome.kind === 'stored' ? twin.outcome : { ...twin.outcome, replayed: true };
      }
      const outcome = decideOne(state, command);
      if (outcome.kind === 'posted') {
        posted.push(outcome.transaction);
        keys.push({ key: command.key, status: 201, body: null, transactionId: outcome.transaction.id });
      } else if (outcome.kind === 'refused' && isRemembered(outcome.problem)) {
        keys.push({
          key: command.key,
          status: outcome.problem.status,
          body: problemDocument(outcome.problem, this.config.http.publicUrl),
          transactionId: null,
        });
      }
      decided.set(scope, { fingerprint: command.key.fingerprint, outcome });
      return outcome;
    });
    if (state.book && (posted.length > 0 || keys.length > 0))
      await writeBatch(client, tenantId, state.book, posted, keys);
    return outcomes;
  }

  private async earlierTransactions(client: Transaction['client'], tenantId: string, state: BatchState) {
    const ids = [...state.keys.values()].flatMap(({ transactionId }) => transactionId ?? []);
    if (ids.length === 0) return new Map<string, PostedTransaction>();
    const transactions = await readTransactions(client, 't.tenant_id = $1 AND t.id = ANY ($2::uuid[])', [
      tenantId,
      ids,
    ]);
    return new Map(transactions.map((transaction) => [transaction.id, transaction]));
  }
}

/** Refusals that a retry gets again (API-08): those about the posting, not about where it was sent. */
const isRemembered = (problem: Problem): boolean => problem.status === 422;

function decideOne(state: BatchState, { posting }: Command): Outcome {
  const refused = (problem: Problem): Outcome => ({ kind: 'refused', problem, replayed: false });
  if (!state.book) return refused(new Problem(LEDGER_NOT_FOUND, 'This tenant has no ledger with this id.'));
  if (!state.tenantActive)
    return refused(new Problem(TENANT_NOT_ACTIVE, 'The tenant is suspended: nothing can be posted.'));
  if (!state.ledgerOpen) return refused(new Problem(LEDGER_CLOSED, 'The ledger is closed.'));
  try {
    return { kind: 'posted', transaction: state.book.post(posting), replayed: false };
  } catch (error) {
    if (error instanceof Problem) return refused(error);
    throw error;
  }
}
