import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../../common/ids/uuid';
import { Problem, type ProblemDocument } from '../../common/problems/problem';
import { parseInstant } from '../../common/time/instant';
import { Config } from '../../config/config';
import { currentTransaction } from '../../platform/database/tenant-database';
import { fingerprintOf } from '../../platform/http/idempotency/idempotency.service';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { StoredProblem } from '../../platform/http/problem.filter';
import { type Principal } from '../../platform/security/principal';
import { type PostTransactionRequest, type TransactionQuery, TransactionResponse } from './dto/transaction.dto';
import { PostingEngine } from './engine/posting-engine';
import { readTransactions } from './engine/replay';
import { LedgersService } from './ledgers.service';
import { TRANSACTION_NOT_FOUND } from './transactions.errors';

/** Name under which the keys of postings are kept; part of what makes a key unique. */
const POSTING_OPERATION = 'POST /v1/ledgers/:ledgerId/transactions';

@Injectable()
export class TransactionsService {
  constructor(
    private readonly engine: PostingEngine,
    private readonly ledgers: LedgersService,
    private readonly cursors: CursorService,
    private readonly config: Config,
  ) {}

  /**
   * Posts through the engine: durable when it returns.
   * @param idempotencyKey at most one effect per key and person
   * @param raw the body as it came, which the key stands for
   * @throws Problem the refusal, or `ledger-busy`
   */
  async post(
    principal: Principal,
    tenantId: string,
    ledgerId: string,
    idempotencyKey: string,
    request: PostTransactionRequest,
    raw: unknown,
    signal?: AbortSignal,
  ): Promise<{ transaction: TransactionResponse; replayed: boolean }> {
    const outcome = await this.engine.post(
      tenantId,
      ledgerId,
      {
        posting: {
          id: uuidv7(),
          reference: request.reference ?? null,
          description: request.description ?? null,
          effectiveAt: request.effectiveAt === undefined ? undefined : parseInstant(request.effectiveAt),
          createdBy: principal.userId,
          metadata: request.metadata ?? {},
          entries: request.entries,
        },
        key: {
          principalId: principal.userId,
          operation: POSTING_OPERATION,
          key: idempotencyKey,
          fingerprint: fingerprintOf({ ledgerId, body: raw }),
          expiresAt: new Date(Date.now() + this.config.idempotency.retentionDays * 86_400_000),
        },
      },
      signal,
    );
    if (outcome.kind === 'refused') throw outcome.problem;
    if (outcome.kind === 'stored') throw new StoredProblem(outcome.status, outcome.body as ProblemDocument, {});
    return { transaction: TransactionResponse.of(outcome.transaction), replayed: outcome.replayed };
  }

  /** @throws Problem `transaction-not-found` */
  async get(ledgerId: string, id: string): Promise<TransactionResponse> {
    const { client, tenantId } = currentTransaction();
    const [transaction] = await readTransactions(client, 't.tenant_id = $1 AND t.ledger_id = $2 AND t.id = $3', [
      tenantId,
      ledgerId,
      id,
    ]);
    if (!transaction) throw new Problem(TRANSACTION_NOT_FOUND, 'The ledger has no transaction with this id.');
    return TransactionResponse.of(transaction);
  }

  /** Newest first. */
  async list(ledgerId: string, query: TransactionQuery) {
    await this.ledgers.get(ledgerId);
    const { client, tenantId } = currentTransaction();
    return this.cursors.page(
      `transactions ${ledgerId}`,
      query,
      { reference: query.reference },
      ({ direction, key, limit, filters }) => {
        const newest = direction === 'next';
        const values: unknown[] = [tenantId, ledgerId, limit + 1];
        let where = 't.tenant_id = $1 AND t.ledger_id = $2';
        if (filters.reference !== undefined) where += ` AND t.reference = $${values.push(filters.reference)}`;
        if (key) where += ` AND t.sequence ${newest ? '<' : '>'} $${values.push(key[0])}::bigint`;
        return readTransactions(client, where, values, `ORDER BY t.sequence ${newest ? 'DESC' : 'ASC'} LIMIT $3`);
      },
      (transaction) => [transaction.sequence.toString()],
      (transaction) => TransactionResponse.of(transaction),
    );
  }
}
