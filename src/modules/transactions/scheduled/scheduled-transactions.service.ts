import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import { uuidv7 } from '../../../common/ids/uuid';
import { Problem } from '../../../common/problems/problem';
import { formatInstant, parseInstant } from '../../../common/time/instant';
import { TenantClocks } from '../../../platform/database/tenant-clocks';
import { currentTransaction } from '../../../platform/database/tenant-database';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { single } from '../engine/command';
import { PostingEngine } from '../engine/posting-engine';
import { ScheduledTransaction } from '../entities/scheduled-transaction.entity';
import { LedgersService } from '../ledgers/ledgers.service';
import * as refusals from '../core/refusals.errors';
import { type Asked, pointingInto, PostingService } from '../posting/posting.service';
import { type ScheduledQuery, ScheduledTransactionResponse, type ScheduleTransactionRequest } from './scheduled.dto';
import { POST_AT_PASSED, SCHEDULED_NOT_FOUND, SCHEDULED_SETTLED } from './scheduled.errors';

/** What a posting is refused for today and need not be on its day. */
const MAY_PASS = new Set([
  refusals.INSUFFICIENT_FUNDS,
  refusals.BALANCE_LIMIT,
  refusals.VELOCITY_LIMIT,
  refusals.CONDITION_FAILED,
  refusals.ACCOUNT_FROZEN,
  refusals.ACCOUNT_CLOSED,
]);

type Asker = Pick<Asked, 'tenantId' | 'principalId' | 'ledgerId' | 'caller'>;

/** Postings that are to be made later: making, reading and cancelling them, in the caller's transaction. */
@Injectable()
export class ScheduledTransactionsService {
  constructor(
    @InjectRepository(ScheduledTransaction) private readonly scheduled: Repository<ScheduledTransaction>,
    private readonly engine: PostingEngine,
    private readonly posting: PostingService,
    private readonly ledgers: LedgersService,
    private readonly clocks: TenantClocks,
    private readonly cursors: CursorService,
  ) {}

  /**
   * Tries the posting, outside any transaction, as if it were to be made now.
   * @returns why it could not be made on its day either, where that is plain already
   * @throws Problem `validation-failed`; `ledger-busy`
   */
  async objectionTo(by: Asker, { postAt, transaction }: ScheduleTransactionRequest): Promise<Problem | undefined> {
    const at = instantOf(postAt);
    if (at <= this.clocks.now(by.tenantId)) return passed('/postAt', 'must be in the future');
    if (transaction.expiresAt !== undefined && instantOf(transaction.expiresAt) <= at)
      return passed('/transaction/expiresAt', 'must be after postAt');
    try {
      const order = await this.posting.postingOf(by, transaction);
      const unit = single({ order, key: null }, true);
      const [outcome] = await this.engine.submit(by.tenantId, by.ledgerId, unit, by.caller);
      const lasting = outcome?.kind === 'refused' && !MAY_PASS.has(outcome.problem.type);
      return lasting ? pointingInto(outcome.problem, '/transaction') : undefined;
    } catch (error) {
      throw error instanceof Problem && error.status < 500 ? pointingInto(error, '/transaction') : error;
    }
  }

  /** @param body the posting as it came */
  async create(
    ledgerId: string,
    postAt: string,
    body: object,
    createdBy: string,
  ): Promise<ScheduledTransactionResponse> {
    const id = uuidv7();
    const at = instantOf(postAt);
    await this.scheduled.insert({ id, ledgerId, postAt: at, dueAt: at, request: body as never, createdBy });
    return this.get(ledgerId, id);
  }

  /** @throws Problem `scheduled-transaction-not-found` */
  async get(ledgerId: string, id: string): Promise<ScheduledTransactionResponse> {
    const found = await this.scheduled.findOneBy({ ledgerId, id });
    if (!found) throw new Problem(SCHEDULED_NOT_FOUND, 'The ledger has no scheduled transaction with this id.');
    return ScheduledTransactionResponse.of(found);
  }

  /** The next to be posted first. @throws Problem `ledger-not-found` */
  async list(ledgerId: string, query: ScheduledQuery) {
    await this.ledgers.get(ledgerId);
    // its indexes have the order of the list: a plan that sorts would read all that match for one page of them
    await currentTransaction().client.query('SET LOCAL enable_sort = off');
    return this.cursors.page(
      `scheduled-transactions ${ledgerId}`,
      query,
      { status: query.status },
      ({ direction, key, limit, filters }) => {
        const order = direction === 'next' ? 'ASC' : 'DESC';
        const builder = this.scheduled
          .createQueryBuilder('s')
          .where('s.ledgerId = :ledgerId', { ledgerId })
          .orderBy('s.postAt', order)
          .addOrderBy('s.id', order)
          .limit(limit + 1);
        if (filters.status !== undefined) builder.andWhere('s.status = :status', { status: filters.status });
        if (key)
          builder.andWhere(`(s.postAt, s.id) ${order === 'ASC' ? '>' : '<'} (:at, :id)`, { at: key[0], id: key[1] });
        return builder.getMany();
      },
      ({ postAt, id }) => [formatInstant(postAt), id],
      (scheduled) => ScheduledTransactionResponse.of(scheduled),
    );
  }

  /**
   * Either this or its posting comes about, never both.
   * @throws Problem `scheduled-transaction-not-found`, `scheduled-transaction-settled`
   */
  async cancel(ledgerId: string, id: string, cancelledBy: string): Promise<ScheduledTransactionResponse> {
    const { affected } = await this.scheduled.update(
      { ledgerId, id, status: 'scheduled', begunAt: IsNull() },
      { status: 'cancelled', cancelledBy, endedAt: () => 'tenant_time(clock_timestamp())' },
    );
    const found = await this.get(ledgerId, id);
    if (affected === 1) return found;
    const state = found.status === 'scheduled' ? 'being posted' : found.status;
    throw new Problem(SCHEDULED_SETTLED, `It cannot be cancelled any more: it is ${state}.`);
  }
}

function instantOf(text: string): Date {
  const instant = parseInstant(text);
  if (!instant) throw new Error('the instant was not checked');
  return instant;
}

const passed = (pointer: string, detail: string) =>
  new Problem(POST_AT_PASSED, `${pointer.split('/').at(-1) ?? ''} ${detail}.`, { errors: [{ pointer, detail }] });
