import { Body, Controller, Get, Head, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { IDEMPOTENCY_KEY_REUSED } from '../../common/problems/http.problems';
import { type Problem } from '../../common/problems/problem';
import { ApiProblems } from '../../platform/http/api-problems';
import { deadlineOf } from '../../platform/http/request-deadline';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { idempotencyKeyOf, WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { ApiTotalCount, setTotalCount } from '../../platform/http/pagination/total-count';
import { UuidParam } from '../../platform/http/uuid-param';
import { CurrentPrincipal, RequirePermission } from '../../platform/security/access.decorators';
import { type Principal } from '../../platform/security/principal';
import { type Order } from './core/orders';
import {
  CaptureRequest,
  PostTransactionQuery,
  PostTransactionRequest,
  ReverseRequest,
  VoidRequest,
} from './dto/transaction.dto';
import { TransactionFilterQuery } from './dto/transaction-query.dto';
import { TransactionPage, TransactionResponse } from './dto/transaction.response.dto';
import { captureOf, reversalOf, voidOf } from './orders';
import { TransactionList } from './transaction-list';
import * as problems from './transactions.errors';
import { type Asked, TransactionsService } from './transactions.service';

/** What any change of a ledger may be refused for. */
const REFUSALS = [
  problems.LEDGER_NOT_FOUND,
  problems.LEDGER_CLOSED,
  problems.ACCOUNT_CLOSED,
  problems.ACCOUNT_FROZEN,
  problems.AMOUNT_PRECISION,
  problems.AMOUNT_OUT_OF_RANGE,
  problems.UNKNOWN_CURRENCY,
  problems.UNBALANCED,
  problems.REFERENCE_USED,
  IDEMPOTENCY_KEY_REUSED,
  problems.QUEUE_FULL,
] as const;
const OF_A_CHANGE = [problems.TRANSACTION_NOT_FOUND, problems.EFFECTIVE_BEFORE_ORIGINAL] as const;
const OF_A_PART = [...OF_A_CHANGE, problems.EXCEEDS_REMAINING, problems.SEVERAL_CURRENCIES] as const;

const LIST_DESCRIPTION = `All filters that are given must be met; ranges are from (included) to (not included), those of amounts include both.

One filter decides how the list is found and in which order it comes, the first of these that is given:

1. \`reference\`
2. \`referencePrefix\`: by reference
3. \`metadataKey\` and \`metadataValue\`: newest first
4. \`account\`, \`accountPrefix\`, \`currency\` without an amount: newest first
5. \`status\`, then \`kind\`, except \`posted\` and \`posting\`: newest first
6. \`amountFrom\`, \`amountTo\`: by amount, smallest first
7. \`effectiveFrom\`, \`effectiveTo\`: latest first
8. \`createdFrom\`, \`createdTo\`, or none: newest first

The others are asked of each transaction that it finds: the more it narrows down, the faster the answer. Where tens of thousands do not meet them, a page comes with fewer items than \`limit\`, or none, and \`next\` goes on from there: only a \`next\` of null is the end. An account that is not there has no transactions.

An amount range is about debits: one debit of the transaction is in it. With an account or a prefix the list comes newest first all the same.

HEAD counts with the same filters.`;

@ApiTags('Transactions')
@Controller('ledgers/:ledgerId/transactions')
export class TransactionsController {
  constructor(
    private readonly transactions: TransactionsService,
    private readonly transactionList: TransactionList,
  ) {}

  @Post()
  @ApiProblems(
    ...REFUSALS,
    problems.UNKNOWN_ACCOUNT,
    problems.CURRENCY_NOT_ALLOWED,
    problems.INSUFFICIENT_FUNDS,
    problems.BALANCE_LIMIT,
    problems.VELOCITY_LIMIT,
    problems.CONDITION_FAILED,
    problems.EXPIRY_PASSED,
    problems.TRANSACTION_TEMPLATE_NOT_FOUND,
    problems.TRANSACTION_TEMPLATE_RETIRED,
    problems.TEMPLATE_PARAMETERS_INVALID,
  )
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @ApiOperation({
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
    return this.record(call, (asked) => this.transactions.postingOf(asked, body));
  }

  @Post(':transactionId/capture')
  @ApiProblems(...REFUSALS, ...OF_A_PART, problems.NOT_A_HOLD, problems.HOLD_NOT_PENDING)
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @ApiOperation({
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
    return this.record(call, () => captureOf(parentId, body, principal.userId));
  }

  @Post(':transactionId/void')
  @ApiProblems(...REFUSALS, ...OF_A_CHANGE, problems.NOT_A_HOLD, problems.HOLD_NOT_PENDING)
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @ApiOperation({
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
    return this.record(call, () => voidOf(parentId, body, principal.userId));
  }

  @Post(':transactionId/reverse')
  @ApiProblems(
    ...REFUSALS,
    ...OF_A_PART,
    problems.NOT_REVERSIBLE,
    problems.ALREADY_REVERSED,
    problems.INSUFFICIENT_FUNDS,
    problems.BALANCE_LIMIT,
  )
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @ApiOperation({
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
    return this.record(call, () => reversalOf(parentId, body, principal.userId));
  }

  // before the list itself, whose handler would answer HEAD too
  @Head()
  @ApiProblems(problems.LEDGER_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    summary: 'Count transactions',
    description: 'With the filters of the list.',
  })
  @ApiTotalCount()
  async count(
    @UuidParam('ledgerId') ledgerId: string,
    @Query() query: TransactionFilterQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    setTotalCount(reply, await this.transactionList.count(ledgerId, query));
  }

  @Get()
  @ApiProblems(problems.LEDGER_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'List transactions', description: LIST_DESCRIPTION })
  @ApiOkResponse({ type: TransactionPage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: TransactionFilterQuery): Promise<TransactionPage> {
    return this.transactionList.page(ledgerId, query);
  }

  @Get(':transactionId')
  @ApiProblems(problems.TRANSACTION_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'Read a transaction', description: 'With its entries and what became of it.' })
  @ApiOkResponse({ type: TransactionResponse })
  get(@UuidParam('ledgerId') ledgerId: string, @UuidParam('transactionId') id: string): Promise<TransactionResponse> {
    return this.transactions.get(ledgerId, id);
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
      principalId: principal.userId,
      ledgerId,
      operation: `POST ${request.routeOptions.url ?? ''}`,
      key: dryRun ? undefined : idempotencyKeyOf(request, 'required'),
      // fields that are not there do not count, so that keys of earlier versions keep their meaning
      request: { ledgerId, parentId, body: request.body, balances: balances || undefined },
      balances,
      caller: deadlineOf(request),
    };
    const { transaction, replayed } = await this.transactions.record(asked, await orderOf(asked));
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
