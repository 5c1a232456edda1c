import { Injectable, type Type } from '@nestjs/common';
import { NIL_UUID } from '../../../common/ids/uuid';
import { Config } from '../../../config/config';
import { type Caller } from '../../../platform/context/deadline';
import { requestContext } from '../../../platform/context/request-context';
import { inTransaction, TenantDatabase } from '../../../platform/database/tenant-database';
import { fingerprintOf } from '../../../platform/http/idempotency/idempotency.service';
import { ProblemValidationPipe } from '../../../platform/http/validation.pipe';
import { type BalanceResponse } from '../balances/balance.dto';
import { BalancesService } from '../balances/balances.service';
import { type Order } from '../core/orders';
import { type Command, type CommandKey, single } from '../engine/command';
import { handOver } from '../engine/hand-over';
import { PostingEngine } from '../engine/posting-engine';
import { asRecorded } from '../engine/replay';
import { captureOf, reversalOf, voidOf } from './orders';
import { answerOf, PostingService } from './posting.service';
import { CaptureRequest, PostTransactionRequest, ReverseRequest, VoidRequest } from './transaction.dto';
import { TransactionResponse } from './transaction.response.dto';

/** How a feature's call is told from others, and what belongs to it. */
export interface LedgerCall {
  /**
   * Your own name for the intention, such as `invoice 4711 paid`: the tenant's ledgers record it once, whoever asks and
   * however often. Without it: the id of the job, or the Idempotency-Key of the request, that the call is made in.
   */
  readonly key?: string;
  /** Tells apart several calls of one job or of one request. */
  readonly step?: string;
  /**
   * Work in your own tables that is committed with the transaction, or not at all: repositories work in it. It runs once
   * per key, not for a replay; before the commit it may be run again, so its only effects are in the database, and the
   * ledger waits for it: a statement or two. A problem that it throws is the caller's, and nothing is recorded.
   */
  readonly together?: (transaction: TransactionResponse) => Promise<void>;
  /** Of a job: `context.signal`. Aborted before the engine has begun, the call is withdrawn. */
  readonly signal?: AbortSignal;
  /** For work that is neither a request nor a job: on whose behalf. */
  readonly as?: { readonly tenantId: string; readonly userId?: string };
}

export interface LedgerAnswer {
  readonly transaction: TransactionResponse;
  /** It was recorded before: by an earlier run of the job, an earlier request with the key. `together` was not run. */
  readonly replayed: boolean;
}

/**
 * The ledger, for other features: the same requests, rules and answers as over HTTP, through the same engine. When a call
 * returns, its transaction is durable.
 *
 * It opens its own transaction, in which others are committed, too. So it is called outside of one: in a job, or in a
 * route with `@WithoutTransaction()`. What of your own has to be one commit with it goes into `together`.
 *
 * A refusal is thrown as its problem, and a job that throws it has failed. In a request the same Idempotency-Key gets the
 * same refusal again; a job's id and a `key` of your own remember only what was recorded, so that a job that is retried
 * after somebody has mended the cause is decided anew. The same key with other contents is refused
 * (`idempotency-key-reused`): make entries from rows, not from the clock.
 * Decision: docs/decisions/0008-features-post-through-the-engine.md
 */
@Injectable()
export class Ledger {
  private readonly validation = new ProblemValidationPipe();

  constructor(
    private readonly engine: PostingEngine,
    private readonly posting: PostingService,
    private readonly balances: BalancesService,
    private readonly database: TenantDatabase,
    private readonly config: Config,
  ) {}

  /** Moves amounts between accounts. @throws Problem the refusal, `validation-failed`, or `ledger-busy` */
  async post(ledgerId: string, posting: PostTransactionRequest, call: LedgerCall = {}): Promise<LedgerAnswer> {
    const request = await this.valid(PostTransactionRequest, posting);
    return this.record(ledgerId, undefined, request, call, ({ tenantId, principalId }) =>
      this.posting.postingOf({ tenantId, principalId, ledgerId }, request),
    );
  }

  /** Reserves amounts until they are captured, voided or expire. @throws as `post` */
  hold(ledgerId: string, hold: Omit<PostTransactionRequest, 'status'>, call?: LedgerCall): Promise<LedgerAnswer> {
    return this.post(ledgerId, { ...hold, status: 'pending' }, call);
  }

  /** Posts what a hold reserved, all that is left or a part. @throws as `post` */
  async capture(
    ledgerId: string,
    holdId: string,
    capture: CaptureRequest = {},
    call: LedgerCall = {},
  ): Promise<LedgerAnswer> {
    const request = await this.valid(CaptureRequest, capture);
    return this.record(ledgerId, holdId, request, call, ({ principalId }) => captureOf(holdId, request, principalId));
  }

  /** Frees what is left of a hold. @throws as `post` */
  async void(
    ledgerId: string,
    holdId: string,
    request: VoidRequest = {},
    call: LedgerCall = {},
  ): Promise<LedgerAnswer> {
    const checked = await this.valid(VoidRequest, request);
    return this.record(ledgerId, holdId, checked, call, ({ principalId }) => voidOf(holdId, checked, principalId));
  }

  /** Takes back a posted transaction, all that was not reversed yet or a part. @throws as `post` */
  async reverse(
    ledgerId: string,
    transactionId: string,
    reversal: ReverseRequest = {},
    call: LedgerCall = {},
  ): Promise<LedgerAnswer> {
    const request = await this.valid(ReverseRequest, reversal);
    return this.record(ledgerId, transactionId, request, call, ({ principalId }) =>
      reversalOf(transactionId, request, principalId),
    );
  }

  /**
   * What an account has in a currency; undefined before its first entry. In a transaction it is read there.
   * @param account id or code
   * @throws Problem `account-not-found`
   */
  async balance(
    ledgerId: string,
    account: string,
    currency: string,
    as?: LedgerCall['as'],
  ): Promise<BalanceResponse | undefined> {
    const { balances } = await this.database.join(actorOf({ as }).tenantId, 'read', () =>
      this.balances.ofAccount(ledgerId, account, {}),
    );
    return balances.find((balance) => balance.currency === currency);
  }

  private valid<Request extends object>(type: Type<Request>, request: Request): Promise<Request> {
    return Promise.resolve(this.validation.transform(request, { type: 'body', metatype: type })) as Promise<Request>;
  }

  private async record(
    ledgerId: string,
    parentId: string | undefined,
    request: object,
    call: LedgerCall,
    orderOf: (actor: Actor) => Order | Promise<Order | Error>,
  ): Promise<LedgerAnswer> {
    if (inTransaction())
      throw new Error(
        'Ledger was called in a transaction: mark the route @WithoutTransaction(), and hand over as `together` what of your own has to be committed with it.',
      );
    const actor = actorOf(call);
    const key = this.keyOf(actor, call, fingerprintOf({ ledgerId, parentId, request: asJson(request) }));
    const order = (await orderOf(actor)) as Command['order'];
    const { together } = call;
    // it runs among the work of others: what it logs and makes is of this request or job all the same
    const context = requestContext.current();
    const unit = single({
      order,
      key,
      ...(together && {
        together: (recorded) => {
          const work = () => together(TransactionResponse.of(asRecorded(recorded)));
          return context ? requestContext.run(context, work) : work();
        },
      }),
    });
    const [outcome] = await this.submit(actor.tenantId, ledgerId, unit, call.signal);
    return answerOf(outcome);
  }

  /** A request is answered at once that the ledger is busy; other work waits for room. */
  private async submit(tenantId: string, ledgerId: string, unit: ReturnType<typeof single>, signal?: AbortSignal) {
    const deadline = requestContext.current()?.deadline;
    if (deadline) return this.engine.submit(tenantId, ledgerId, unit, deadline);
    const caller: Caller | undefined = signal && { signal };
    const { outcomes } = await handOver(this.engine, tenantId, ledgerId, unit, caller);
    return outcomes;
  }

  private keyOf({ principalId }: Actor, { key, step }: LedgerCall, fingerprint: Buffer): CommandKey {
    const suffix = step === undefined ? '' : ` ${step}`;
    if (key !== undefined)
      return { principalId: NIL_UUID, operation: `ledger${suffix}`, key, fingerprint, ...UNTIL_RECORDED };
    const context = requestContext.current();
    const once = context?.onceBy?.();
    if (!once)
      throw new Error(
        'Ledger needs a key here, as there is neither a job nor an Idempotency-Key: give one that names the intention, such as `invoice 4711 paid`.',
      );
    const operation = `ledger of ${once.operation}${suffix}`;
    if (!context?.deadline) return { principalId: NIL_UUID, operation, key: once.key, fingerprint, ...UNTIL_RECORDED };
    const { retentionDays: keptDays } = this.config.idempotency;
    return { principalId, operation, key: once.key, fingerprint, keptDays };
  }
}

/** As it would have come over HTTP. */
const asJson = (request: object): unknown => JSON.parse(JSON.stringify(request));

/** Remembered for ever once it is recorded; a refusal is not. */
const UNTIL_RECORDED = { keptDays: null, forgetsRefusals: true } as const;

interface Actor {
  readonly tenantId: string;
  /** Who is recorded to have made it. */
  readonly principalId: string;
}

function actorOf({ as }: LedgerCall): Actor {
  const context = requestContext.current();
  const tenantId = as?.tenantId ?? context?.tenantId;
  if (tenantId === undefined)
    throw new Error('Ledger does not know the tenant here, as there is neither a job nor a request: say it with `as`.');
  return { tenantId, principalId: as?.userId ?? context?.principal?.id ?? NIL_UUID };
}
