import { Body, Controller, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { IDEMPOTENCY_KEY_REUSED } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { ApiProblems } from '../../../platform/http/api-problems';
import { deadlineOf } from '../../../platform/http/request-deadline';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { idempotencyKeyOf, WithoutTransaction } from '../../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../../platform/http/uuid-param';
import { CurrentPrincipal, Keeps, RequirePermission } from '../../../platform/security/access.decorators';
import { type Principal } from '../../../platform/security/principal';
import { Order } from '../core/orders';
import {
  CaptureRequest,
  PostTransactionQuery,
  PostTransactionRequest,
  ReverseRequest,
  VoidRequest,
} from './transaction.dto';
import { TransactionResponse } from './transaction.response.dto';
import { captureOf, reversalOf, voidOf } from './orders';
import * as refusals from '../core/refusals.errors';
import { QUEUE_FULL } from '../engine/engine.errors';
import { LEDGER_CLOSED, LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { TRANSACTION_TEMPLATE_NOT_FOUND, TRANSACTION_TEMPLATE_RETIRED } from '../templates/templates.errors';
import { Asked, PostingService } from './posting.service';

/** What any change of a ledger may be refused for. */
const REFUSALS = [
  LEDGER_NOT_FOUND,
  LEDGER_CLOSED,
  refusals.ACCOUNT_CLOSED,
  refusals.ACCOUNT_FROZEN,
  refusals.AMOUNT_PRECISION,
  refusals.AMOUNT_OUT_OF_RANGE,
  refusals.UNKNOWN_CURRENCY,
  refusals.UNBALANCED,
  refusals.REFERENCE_USED,
  IDEMPOTENCY_KEY_REUSED,
  QUEUE_FULL,
] as const;
const OF_A_CHANGE = [refusals.TRANSACTION_NOT_FOUND, refusals.EFFECTIVE_BEFORE_ORIGINAL] as const;
const OF_A_PART = [...OF_A_CHANGE, refusals.EXCEEDS_REMAINING, refusals.SEVERAL_CURRENCIES] as const;

@ApiTags('Transactions')
@Controller('ledgers/:ledgerId/transactions')
@Keeps('accounts')
export class PostingController {
  constructor(private readonly posting: PostingService) {}

  @Post()
  @ApiProblems(
    ...REFUSALS,
    refusals.UNKNOWN_ACCOUNT,
    refusals.CURRENCY_NOT_ALLOWED,
    refusals.INSUFFICIENT_FUNDS,
    refusals.BALANCE_LIMIT,
    refusals.VELOCITY_LIMIT,
    refusals.CONDITION_FAILED,
    refusals.EXPIRY_PASSED,
    TRANSACTION_TEMPLATE_NOT_FOUND,
    TRANSACTION_TEMPLATE_RETIRED,
    refusals.TEMPLATE_PARAMETERS_INVALID,
  )
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @ApiOperation({
    operationId: 'transactionsPost',
    summary: 'Post a transaction, or hold amounts',
    description:
      'Two or more entries that sum to zero per currency. 201 means durable: the transaction, its balances and the record of the Idempotency-Key were committed together. A retry with the same key gets the first answer, with `Idempotent-Replayed: true`. The key is required unless `dryRun=true`.',
  })
  @ApiCreatedResponse({ type: TransactionResponse })
  @ApiOkResponse({ type: TransactionResponse, description: 'Of a dry run: what the answer would be.' })
  post(
    @UuidParam('ledgerId') ledgerId: string,
    @Query() query: PostTransactionQuery,
    @Body() body: PostTransactionRequest,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionResponse> {
    const call = { ledgerId, parentId: undefined, query, principal, request, reply };
    return this.record(call, (asked) => this.posting.postingOf(asked, body));
  }

  @Post(':transactionId/capture')
  @ApiProblems(...REFUSALS, ...OF_A_PART, refusals.NOT_A_HOLD, refusals.HOLD_NOT_PENDING)
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @ApiOperation({
    operationId: 'transactionsCapture',
    summary: 'Capture a hold',
    description:
      'Posts what the hold reserved, all that is left or a part; several captures are possible up to the hold. The answer is the transaction that posts it.',
  })
  @ApiCreatedResponse({ type: TransactionResponse })
  @ApiOkResponse({ type: TransactionResponse, description: 'Of a dry run: what the answer would be.' })
  capture(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('transactionId') parentId: string,
    @Query() query: PostTransactionQuery,
    @Body() body: CaptureRequest,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionResponse> {
    const call = { ledgerId, parentId, query, principal, request, reply };
    return this.record(call, () => captureOf(parentId, body, principal.id));
  }

  @Post(':transactionId/void')
  @ApiProblems(...REFUSALS, ...OF_A_CHANGE, refusals.NOT_A_HOLD, refusals.HOLD_NOT_PENDING)
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @ApiOperation({
    operationId: 'transactionsVoid',
    summary: 'Void a hold',
    description: 'Frees what is left of it. The answer is the transaction that records it.',
  })
  @ApiCreatedResponse({ type: TransactionResponse })
  @ApiOkResponse({ type: TransactionResponse, description: 'Of a dry run: what the answer would be.' })
  void(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('transactionId') parentId: string,
    @Query() query: PostTransactionQuery,
    @Body() body: VoidRequest,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionResponse> {
    const call = { ledgerId, parentId, query, principal, request, reply };
    return this.record(call, () => voidOf(parentId, body, principal.id));
  }

  @Post(':transactionId/reverse')
  @ApiProblems(
    ...REFUSALS,
    ...OF_A_PART,
    refusals.NOT_REVERSIBLE,
    refusals.ALREADY_REVERSED,
    refusals.INSUFFICIENT_FUNDS,
    refusals.BALANCE_LIMIT,
  )
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @ApiOperation({
    operationId: 'transactionsReverse',
    summary: 'Reverse a transaction',
    description:
      'Takes back a posted transaction, all that was not reversed yet or a part, with debits and credits changed over. The answer is the reversal; both name each other.',
  })
  @ApiCreatedResponse({ type: TransactionResponse })
  @ApiOkResponse({ type: TransactionResponse, description: 'Of a dry run: what the answer would be.' })
  reverse(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('transactionId') parentId: string,
    @Query() query: PostTransactionQuery,
    @Body() body: ReverseRequest,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionResponse> {
    const call = { ledgerId, parentId, query, principal, request, reply };
    return this.record(call, () => reversalOf(parentId, body, principal.id));
  }

  private async record(
    call: Call,
    orderOf: (asked: Asked) => Order | Promise<Order | Problem>,
  ): Promise<TransactionResponse> {
    const { ledgerId, parentId, query, principal, request, reply } = call;
    const dryRun = query.dryRun === 'true';
    const balances = query.balances === 'true';
    const asked: Asked = {
      tenantId: tenantOf(principal),
      principalId: principal.id,
      ledgerId,
      operation: `POST ${request.routeOptions.url ?? ''}`,
      key: dryRun ? undefined : idempotencyKeyOf(request, 'required'),
      // fields that are not there do not count, so that keys of earlier versions keep their meaning
      request: { ledgerId, parentId, body: request.body, balances: balances || undefined },
      balances,
      within: principal.within?.accounts,
      caller: deadlineOf(request),
    };
    const { transaction, replayed } = await this.posting.record(asked, await orderOf(asked));
    if (replayed) reply.header('idempotent-replayed', 'true');
    if (dryRun) reply.status(200);
    else reply.header('location', `/v1/ledgers/${ledgerId}/transactions/${transaction.id}`);
    return transaction;
  }
}

function tenantOf({ tenantId }: Principal): string {
  if (!tenantId) throw new Error('a permission of a tenant was granted without a tenant');
  return tenantId;
}

interface Call {
  readonly ledgerId: string;
  readonly parentId: string | undefined;
  readonly query: PostTransactionQuery;
  readonly principal: Principal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}
