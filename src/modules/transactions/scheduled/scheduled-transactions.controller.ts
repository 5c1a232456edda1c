import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiProblems } from '../../../platform/http/api-problems';
import { deadlineOf } from '../../../platform/http/request-deadline';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { IdempotentRoute } from '../../../platform/http/idempotency/idempotent-route';
import { idempotencyKeyOf, WithoutTransaction } from '../../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../../platform/http/uuid-param';
import { CurrentPrincipal, CurrentTenant, RequirePermission } from '../../../platform/security/access.decorators';
import { type Principal } from '../../../platform/security/principal';
import * as refusals from '../core/refusals.errors';
import { QUEUE_FULL } from '../engine/engine.errors';
import { LEDGER_CLOSED, LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { TRANSACTION_TEMPLATE_NOT_FOUND, TRANSACTION_TEMPLATE_RETIRED } from '../templates/templates.errors';
import {
  ScheduledQuery,
  ScheduledTransactionPage,
  ScheduledTransactionResponse,
  ScheduleTransactionRequest,
} from './scheduled.dto';
import { POST_AT_PASSED, SCHEDULED_NOT_FOUND, SCHEDULED_SETTLED } from './scheduled.errors';
import { ScheduledTransactionsService } from './scheduled-transactions.service';

@ApiTags('Transactions')
@Controller('ledgers/:ledgerId/scheduled-transactions')
export class ScheduledTransactionsController {
  constructor(
    private readonly scheduled: ScheduledTransactionsService,
    private readonly idempotent: IdempotentRoute,
  ) {}

  @Post()
  @ApiProblems(
    LEDGER_NOT_FOUND,
    LEDGER_CLOSED,
    POST_AT_PASSED,
    refusals.UNBALANCED,
    refusals.AMOUNT_PRECISION,
    refusals.AMOUNT_OUT_OF_RANGE,
    refusals.UNKNOWN_CURRENCY,
    refusals.UNKNOWN_ACCOUNT,
    refusals.CURRENCY_NOT_ALLOWED,
    refusals.REFERENCE_USED,
    TRANSACTION_TEMPLATE_NOT_FOUND,
    TRANSACTION_TEMPLATE_RETIRED,
    refusals.TEMPLATE_PARAMETERS_INVALID,
    QUEUE_FULL,
  )
  @RequirePermission('transactions:write')
  @Idempotent('required')
  @WithoutTransaction()
  @ApiOperation({
    summary: 'Schedule a transaction',
    description:
      'A posting or a hold that is made at `postAt`, within a second, exactly once, on behalf of who scheduled it. What can never be posted is refused now; funds, limits, conditions and frozen or closed accounts are looked at when its time has come. To see what would happen now, send the same `transaction` to `POST …/transactions?dryRun=true`.',
  })
  @ApiCreatedResponse({ type: ScheduledTransactionResponse })
  async create(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() body: ScheduleTransactionRequest,
    @CurrentPrincipal() { id: principalId }: Principal,
    @CurrentTenant() tenantId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduledTransactionResponse> {
    const key = idempotencyKeyOf(request, 'required');
    const by = { tenantId, principalId, ledgerId, caller: deadlineOf(request) };
    const objection = await this.scheduled.objectionTo(by, body);
    const { transaction } = request.body as { transaction: object };
    const answer = await this.idempotent.run(request, reply, key, async () => {
      if (objection) throw objection;
      const scheduled = await this.scheduled.create(ledgerId, body.postAt, transaction, principalId);
      reply.header('location', `/v1/ledgers/${ledgerId}/scheduled-transactions/${scheduled.id}`);
      return scheduled;
    });
    return answer.body as ScheduledTransactionResponse;
  }

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'List scheduled transactions', description: 'By `postAt`, the earliest first.' })
  @ApiOkResponse({ type: ScheduledTransactionPage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: ScheduledQuery): Promise<ScheduledTransactionPage> {
    return this.scheduled.list(ledgerId, query);
  }

  @Get(':scheduledId')
  @ApiProblems(SCHEDULED_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'Read a scheduled transaction', description: 'With what became of it.' })
  @ApiOkResponse({ type: ScheduledTransactionResponse })
  get(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('scheduledId') id: string,
  ): Promise<ScheduledTransactionResponse> {
    return this.scheduled.get(ledgerId, id);
  }

  @Post(':scheduledId/cancel')
  @ApiProblems(SCHEDULED_NOT_FOUND, SCHEDULED_SETTLED)
  @RequirePermission('transactions:write')
  @Idempotent('required')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel a scheduled transaction',
    description: 'Only while it is scheduled: either it is cancelled or it is posted, never both.',
  })
  @ApiOkResponse({ type: ScheduledTransactionResponse })
  cancel(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('scheduledId') id: string,
    @CurrentPrincipal() { id: cancelledBy }: Principal,
  ): Promise<ScheduledTransactionResponse> {
    return this.scheduled.cancel(ledgerId, id, cancelledBy);
  }
}
