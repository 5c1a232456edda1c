import { Controller, Post, HttpCode, Param, Body } from '@nestjs/common';
import { ApiTags, ApiOperation, ApiParam, ApiOkResponse } from '@nestjs/swagger';
import { ApiProblems } from '../../../platform/http/api-problems';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { InTransaction } from '../../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../../platform/http/uuid-param';
import { RequirePermission } from '../../../platform/security/access.decorators';
import { ACCOUNT_PARAM } from '../accounts/account-param';
import { ACCOUNT_NOT_FOUND } from '../accounts/accounts.errors';
import { UNKNOWN_CURRENCY, AMOUNT_PRECISION, AMOUNT_OUT_OF_RANGE } from '../core/refusals.errors';
import { ReconciliationResponse, ReconcileRequest } from './reconciliation.dto';
import { RECONCILIATION_TOO_LARGE } from './reconciliation.errors';
import { ReconciliationService } from './reconciliation.service';

@ApiTags('Accounts')
@Controller('ledgers/:ledgerId/accounts/:account/reconcile')
export class ReconciliationController {
  constructor(private readonly reconciliation: ReconciliationService) {}

  @Post()
  @HttpCode(200)
  @ApiProblems(ACCOUNT_NOT_FOUND, UNKNOWN_CURRENCY, AMOUNT_PRECISION, AMOUNT_OUT_OF_RANGE, RECONCILIATION_TOO_LARGE)
  @RequirePermission('transactions:read')
  @Idempotent('none')
  @InTransaction('read')
  @ApiOperation({
    operationId: 'accountsReconcile',
    summary: 'Compare an account with a statement of it',
    description:
      'Finds what a bank, or whoever else keeps a record of the same account, has and the ledger has not, and the other way round. Transactions are known by their `reference`. Nothing is kept.',
  })
  @ApiParam(ACCOUNT_PARAM)
  @ApiOkResponse({ type: ReconciliationResponse })
  reconcile(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Body() request: ReconcileRequest,
  ): Promise<ReconciliationResponse> {
    return this.reconciliation.reconcile(ledgerId, idOrCode, request);
  }
}
