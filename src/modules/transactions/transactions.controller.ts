import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { IDEMPOTENCY_KEY_REUSED, REQUEST_TIMEOUT } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { ApiProblems } from '../../platform/http/api-problems';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { idempotencyKeyOf, WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../platform/http/uuid-param';
import { CurrentPrincipal, CurrentTenant, RequirePermission } from '../../platform/security/access.decorators';
import { type Principal } from '../../platform/security/principal';
import { PostTransactionRequest, TransactionPage, TransactionQuery, TransactionResponse } from './dto/transaction.dto';
import {
  ACCOUNT_CLOSED,
  AMOUNT_OUT_OF_RANGE,
  AMOUNT_PRECISION,
  CURRENCY_NOT_ALLOWED,
  LEDGER_CLOSED,
  LEDGER_NOT_FOUND,
  QUEUE_FULL,
  REFERENCE_USED,
  TRANSACTION_NOT_FOUND,
  UNBALANCED,
  UNKNOWN_ACCOUNT,
  UNKNOWN_CURRENCY,
} from './transactions.errors';
import { TransactionsService } from './transactions.service';

@ApiTags('Transactions')
@Controller('ledgers/:ledgerId/transactions')
export class TransactionsController {
  constructor(private readonly transactions: TransactionsService) {}

  @Post()
  @ApiProblems(
    LEDGER_NOT_FOUND,
    UNKNOWN_ACCOUNT,
    ACCOUNT_CLOSED,
    LEDGER_CLOSED,
    UNKNOWN_CURRENCY,
    CURRENCY_NOT_ALLOWED,
    AMOUNT_PRECISION,
    AMOUNT_OUT_OF_RANGE,
    UNBALANCED,
    REFERENCE_USED,
    IDEMPOTENCY_KEY_REUSED,
    QUEUE_FULL,
  )
  @RequirePermission('transactions:write')
  @Idempotent('required')
  @WithoutTransaction()
  @ApiOperation({
    summary: 'Post a transaction',
    description:
      'Two or more entries that sum to zero per currency. 201 means durable: the transaction, its balances and the record of the Idempotency-Key were committed together. A retry with the same key gets the first answer, with `Idempotent-Replayed: true`.',
  })
  @ApiCreatedResponse({ type: TransactionResponse })
  async post(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() body: PostTransactionRequest,
    @CurrentPrincipal() principal: Principal,
    @CurrentTenant() tenantId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionResponse> {
    const key = idempotencyKeyOf(request, 'required');
    const { transaction, replayed } = await this.transactions.post(
      principal,
      tenantId,
      ledgerId,
      key,
      body,
      request.body,
      goneSignal(reply),
    );
    if (replayed) reply.header('idempotent-replayed', 'true');
    reply.header('location', `/v1/ledgers/${ledgerId}/transactions/${transaction.id}`);
    return transaction;
  }

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'List transactions', description: 'Newest first.' })
  @ApiOkResponse({ type: TransactionPage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: TransactionQuery): Promise<TransactionPage> {
    return this.transactions.list(ledgerId, query);
  }

  @Get(':transactionId')
  @ApiProblems(TRANSACTION_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'Read a transaction', description: 'With its entries.' })
  @ApiOkResponse({ type: TransactionResponse })
  get(@UuidParam('ledgerId') ledgerId: string, @UuidParam('transactionId') id: string): Promise<TransactionResponse> {
    return this.transactions.get(ledgerId, id);
  }
}

/** Aborts when the client hangs up: a posting whose batch has not begun is then withdrawn. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished)
      controller.abort(new Problem(REQUEST_TIMEOUT, 'The client has gone; the posting was withdrawn.'));
  });
  return controller.signal;
}
