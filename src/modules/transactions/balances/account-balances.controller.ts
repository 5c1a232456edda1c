import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../platform/http/api-problems';
import { UuidParam } from '../../../platform/http/uuid-param';
import { Keeps, RequirePermission } from '../../../platform/security/access.decorators';
import { ACCOUNT_PARAM } from '../accounts/account-param';
import { ACCOUNT_NOT_FOUND } from '../accounts/accounts.errors';
import { AccountBalancesResponse, AccountBalancesQuery } from './balance.dto';
import { BalancesService } from './balances.service';

@ApiTags('Accounts')
@Controller('ledgers/:ledgerId/accounts/:account/balances')
export class AccountBalancesController {
  constructor(private readonly balances: BalancesService) {}

  @Get()
  @Keeps('accounts')
  @ApiProblems(ACCOUNT_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    operationId: 'accountsBalancesOf',
    summary: 'Balances of an account',
    description:
      'One per currency, now or as of a moment on either time axis; with `rollup` of the account and all below it, in the sign of its own normal balance.',
  })
  @ApiParam(ACCOUNT_PARAM)
  @ApiOkResponse({ type: AccountBalancesResponse })
  get(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Query() query: AccountBalancesQuery,
  ): Promise<AccountBalancesResponse> {
    return this.balances.ofAccount(ledgerId, idOrCode, query);
  }
}
