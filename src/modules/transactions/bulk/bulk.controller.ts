import { Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiProblems } from '../../../platform/http/api-problems';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { deadlineOf } from '../../../platform/http/request-deadline';
import { idempotencyKeyOf, WithoutTransaction } from '../../../platform/http/unit-of-work.interceptor';
import { BulkBody, LINES, sendsLines } from '../../../platform/http/upload/bulk-body';
import { UuidParam } from '../../../platform/http/uuid-param';
import {
  CurrentPrincipal,
  CurrentTenant,
  Keeps,
  RequirePermission,
} from '../../../platform/security/access.decorators';
import { type Principal } from '../../../platform/security/principal';
import { PostTransactionQuery } from '../posting/transaction.dto';
import { QUEUE_FULL } from '../engine/engine.errors';
import { LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { BULK_ITEMS, BULK_REQUEST_BODY, BulkResponse, BulkResult } from './bulk.dto';
import { BULK_REFUSED } from './bulk.errors';
import { BulkLines } from './bulk-lines';
import { BulkRequests } from './bulk-requests';
import { invalid } from './bulk-item';

@ApiTags('Transactions')
@Controller('ledgers/:ledgerId/transactions/bulk')
@Keeps('accounts')
export class BulkController {
  constructor(
    private readonly requests: BulkRequests,
    private readonly lines: BulkLines,
  ) {}

  @Post()
  @ApiProblems(LEDGER_NOT_FOUND, BULK_REFUSED, QUEUE_FULL)
  @RequirePermission('transactions:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @BulkBody()
  @HttpCode(200)
  @ApiExtraModels(...BULK_ITEMS, BulkResponse, BulkResult)
  @ApiOperation({
    summary: 'Post many transactions',
    requestBody: BULK_REQUEST_BODY,
    description:
      'Items are postings, holds, captures, voids and reversals. They are decided in their order, each as if it had been sent by itself, and answered in their order with the status and the body that it would have got. With `atomic` they are recorded together or not at all. The Idempotency-Key is required unless `dryRun=true`; the key of an item without its own is made of it and the item’s place, so that a retry of the whole request replays what was recorded and carries out the rest. As `application/x-ndjson` there is an item per line, without a limit on their number; read the answer, a result per line, while you send.',
  })
  @ApiOkResponse({
    description: 'What became of each item.',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(BulkResponse) } },
      [LINES]: { schema: { $ref: getSchemaPath(BulkResult) } },
    },
  })
  async post(
    @UuidParam('ledgerId') ledgerId: string,
    @Query() query: PostTransactionQuery,
    @CurrentPrincipal() principal: Principal,
    @CurrentTenant() tenantId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const dryRun = query.dryRun === 'true';
    const asked = {
      tenantId,
      principalId: principal.id,
      ledgerId,
      operation: `POST ${request.routeOptions.url ?? ''}`.replace(/\/bulk$/, ''),
      key: dryRun ? undefined : idempotencyKeyOf(request, 'required'),
      balances: query.balances === 'true',
      within: principal.within?.accounts,
      caller: deadlineOf(request),
    };
    if (sendsLines(request)) {
      if (dryRun) throw invalid('?dryRun', 'must be left out with lines: send JSON to try');
      await this.lines.answer(asked, request, reply);
      return;
    }
    const { json, replayed } = await this.requests.answer(asked, request.body, dryRun);
    if (replayed) reply.header('idempotent-replayed', 'true');
    void reply.status(200).type('application/json; charset=utf-8').send(json);
  }
}
