import { Injectable } from '@nestjs/common';
import { VALIDATION_FAILED } from '../../../common/problems/http.problems';
import { Problem, type ProblemDocument } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { type Caller } from '../../../platform/context/deadline';
import { TenantDatabase } from '../../../platform/database/tenant-database';
import { fingerprintOf } from '../../../platform/http/idempotency/idempotency.service';
import { StoredProblem } from '../../../platform/http/problem.filter';
import { type Order } from '../core/orders';
import { type PostTransactionRequest } from './transaction.dto';
import { TransactionResponse } from './transaction.response.dto';
import { type Command, type CommandKey, type Outcome, single } from '../engine/command';
import { PostingEngine } from '../engine/posting-engine';
import { asRecorded } from '../engine/replay';
import { postingOf } from './orders';
import { TransactionTemplatesService } from '../templates/transaction-templates.service';

/** Who asks for what, once. */
export interface Asked {
  readonly tenantId: string;
  readonly principalId: string;
  readonly ledgerId: string;
  /** Method and route pattern: part of what makes a key unique. */
  readonly operation: string;
  /** Undefined: a dry run. */
  readonly key: string | undefined;
  /** What the key stands for: the same key with another request is refused. */
  readonly request: unknown;
  readonly balances: boolean;
  /** Patterns of the only accounts that whoever asks may move; undefined: all. */
  readonly within: readonly string[] | undefined;
  readonly caller: Caller;
}

@Injectable()
export class PostingService {
  constructor(
    private readonly engine: PostingEngine,
    private readonly templates: TransactionTemplatesService,
    private readonly database: TenantDatabase,
    private readonly config: Config,
  ) {}

  /**
   * The order that a request asks for. A problem with its template is handed on, as its key may belong to an earlier
   * request that had none.
   * @throws Problem `validation-failed`
   */
  async postingOf(
    asked: Pick<Asked, 'tenantId' | 'principalId' | 'ledgerId'>,
    request: PostTransactionRequest,
  ): Promise<Order | Problem> {
    const { template, entries } = request;
    if (!template) return postingOf(request, asked.principalId);
    if (entries)
      throw new Problem(VALIDATION_FAILED, 'The request is not valid; see errors.', {
        errors: [{ pointer: '/entries', detail: 'must be left out when there is a template' }],
      });
    try {
      const { used, expansion } = await this.database.join(asked.tenantId, 'read', () =>
        this.templates.expand(asked.ledgerId, template.name, template.version, template.parameters ?? {}),
      );
      return postingOf(request, asked.principalId, { id: used.id, expansion });
    } catch (error) {
      if (error instanceof Problem && error.status < 500) return pointingInto(error, '/template');
      throw error;
    }
  }

  /**
   * Has the engine carry out an order: durable when it returns, at most once per key and person.
   * @throws Problem the refusal, or `ledger-busy`
   */
  async record(asked: Asked, order: Order | Problem): Promise<{ transaction: TransactionResponse; replayed: boolean }> {
    const { tenantId, ledgerId, key, caller } = asked;
    const unit = single(this.commandOf(asked, order), key === undefined);
    const [outcome] = await this.engine.submit(tenantId, ledgerId, unit, caller);
    return answerOf(outcome);
  }

  /** What the engine is asked for, with the key that the same request always has. */
  commandOf(asked: Omit<Asked, 'caller'>, order: Order | Problem): Command {
    return { order, key: this.keyOf(asked), balances: asked.balances, within: asked.within };
  }

  private keyOf({ principalId, operation, key, request }: Omit<Asked, 'caller'>): CommandKey | null {
    if (key === undefined) return null;
    const { retentionDays: keptDays } = this.config.idempotency;
    return { principalId, operation, key, fingerprint: fingerprintOf(request), keptDays };
  }
}

/** The same problem, of a part of the request. */
export function pointingInto(problem: Problem, pointer: string): Problem {
  const { errors, ...options } = problem.options;
  const moved = errors?.map((item) => ({ ...item, pointer: pointer + item.pointer }));
  return new Problem(problem.type, problem.detail, { ...options, ...(moved ? { errors: moved } : {}) });
}

/** @throws Problem the refusal that it is */
export function answerOf(outcome: Outcome | undefined): { transaction: TransactionResponse; replayed: boolean } {
  switch (outcome?.kind) {
    case 'recorded':
      return {
        transaction: TransactionResponse.of(asRecorded(outcome.transaction), outcome.balances),
        replayed: outcome.replayed,
      };
    case 'refused':
      throw outcome.problem;
    case 'stored':
      throw new StoredProblem(outcome.status, outcome.body as ProblemDocument, {});
    default:
      throw new Error('a single command cannot be aborted');
  }
}
