import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { NIL_UUID, uuidv7 } from '../../common/ids/uuid';
import { Problem } from '../../common/problems/problem';
import { parseDate } from '../../common/time/instant';
import { type JobContext } from '../jobs';
import { type Command, type Outcome, PostingEngine, QUEUE_FULL } from '../transactions';
import { IMPORT_STOPPED } from './books.errors';
import { type BookRow } from './format/columns';
import { type Dialect } from './format/dialect';
import { readRows } from './format/csv-rows';
import { type FileTransaction, TransactionGrouping } from './format/file-transaction';
import { CHECK_PERCENT } from './import-checker';
import { ImportFiles } from './import-files';

/** Transactions that are handed to the engine at once: as many as one commit takes by default. */
const SLICE_TRANSACTIONS = 500;
/** Rows of them; transactions may be large. */
const SLICE_ROWS = 5_000;
const BUSY_PAUSE_MS = 250;

export interface FileToPost {
  readonly id: string;
  readonly ledgerId: string;
  readonly createdBy: string;
  readonly sha256: Buffer;
  readonly transactionCount: number;
  readonly dialect: Dialect;
}

export interface PostedCounts {
  /** By this run of the job. */
  posted: number;
  /** By an earlier import of the same file, or by an earlier run of the job. */
  alreadyPosted: number;
}

/**
 * Posts a file that was checked, in its order, through the engine. A transaction's key is made of the content's hash
 * and its number and kept for ever, so that no file is posted to a ledger twice.
 */
@Injectable()
export class ImportPoster {
  constructor(
    private readonly files: ImportFiles,
    private readonly engine: PostingEngine,
  ) {}

  /** @throws Problem `import-stopped` when the ledger no longer takes what it would have taken when it was checked */
  async post(context: JobContext, file: FileToPost): Promise<PostedCounts> {
    const counts: PostedCounts = { posted: 0, alreadyPosted: 0 };
    const total = file.transactionCount;
    // one slice is committed while the next is read
    let pending = Promise.resolve();
    try {
      for await (const slice of slices(readRows(this.files.read(context.tenantId, file.id), file.dialect))) {
        await pending;
        context.signal.throwIfAborted();
        await this.tell(context, counts, total);
        pending = this.postSlice(context, file, slice, counts);
        pending.catch(() => undefined);
      }
    } finally {
      await pending;
    }
    await this.tell(context, counts, total);
    return counts;
  }

  private async tell(context: JobContext, { posted, alreadyPosted }: PostedCounts, total: number): Promise<void> {
    const done = posted + alreadyPosted;
    const percent = CHECK_PERCENT + ((100 - CHECK_PERCENT) * done) / total;
    await context.progress(percent, `${done} of ${total} transactions`);
  }

  private async postSlice(
    context: JobContext,
    file: FileToPost,
    slice: readonly FileTransaction[],
    counts: PostedCounts,
  ): Promise<void> {
    const results = await Promise.allSettled(slice.map((transaction) => this.postOne(context, file, transaction)));
    for (const result of results) if (result.status === 'fulfilled') counts[result.value] += 1;
    const failed = results.find((result) => result.status === 'rejected');
    if (!failed) return;
    const cause: unknown = failed.reason;
    // outages and stops are no verdict on the file: the job is run again
    if (!(cause instanceof Problem) || cause.status >= 500) throw cause;
    throw new Problem(
      IMPORT_STOPPED,
      `${cause.detail} ${counts.posted + counts.alreadyPosted} of ${file.transactionCount} transactions are in the ledger.`,
      { cause },
    );
  }

  private async postOne(
    { tenantId, signal }: JobContext,
    file: FileToPost,
    transaction: FileTransaction,
  ): Promise<keyof PostedCounts> {
    const command = commandOf(file, transaction);
    const outcome = await this.patiently(tenantId, file.ledgerId, command, signal);
    if (outcome.kind === 'recorded') return outcome.replayed ? 'alreadyPosted' : 'posted';
    throw outcome.kind === 'refused' ? outcome.problem : new Error(`an import was ${outcome.kind}`);
  }

  /** Others post to this ledger too: when its queue is full the file waits. */
  private async patiently(tenantId: string, ledgerId: string, command: Command, signal: AbortSignal): Promise<Outcome> {
    for (;;) {
      try {
        return await this.engine.post(tenantId, ledgerId, command, { signal });
      } catch (error) {
        if (!(error instanceof Problem && error.type === QUEUE_FULL)) throw error;
        await delay(BUSY_PAUSE_MS);
        signal.throwIfAborted();
      }
    }
  }
}

/** Transactions of a file that was checked, a handful at a time. */
async function* slices(blocks: ReturnType<typeof readRows>): AsyncGenerator<FileTransaction[]> {
  const grouping = new TransactionGrouping();
  let slice: FileTransaction[] = [];
  let rows = 0;
  for await (const block of blocks)
    for (const row of block) {
      const ended = grouping.add(row as BookRow);
      if (!ended) continue;
      slice.push(ended);
      rows += ended.rowCount;
      if (slice.length < SLICE_TRANSACTIONS && rows < SLICE_ROWS) continue;
      yield slice;
      slice = [];
      rows = 0;
    }
  const last = grouping.end();
  if (last) slice.push(last);
  if (slice.length > 0) yield slice;
}

function commandOf(file: FileToPost, { number, rows }: FileTransaction): Command {
  const { date = '', description = '' } = rows[0]?.fields ?? {};
  return {
    order: {
      kind: 'posting',
      pending: false,
      expiresAt: null,
      templateId: null,
      id: uuidv7(),
      reference: null,
      description: description === '' ? null : description,
      effectiveAt: parseDate(date),
      createdBy: file.createdBy,
      metadata: { import: file.id, transaction: file.dialect.transactionIds === 'text' ? number : Number(number) },
      entries: rows.map(({ fields: { account, currency, amount } }) => ({
        account,
        currency,
        direction: amount.startsWith('-') ? 'credit' : 'debit',
        amount: amount.replace(/^-/, ''),
      })),
    },
    key: {
      principalId: NIL_UUID,
      operation: `import ${file.ledgerId}`,
      key: `${file.sha256.toString('hex')}:${number}`,
      fingerprint: file.sha256,
      keptDays: null,
      // what was refused in one run may be right in the next
      forgetsRefusals: true,
    },
  };
}
