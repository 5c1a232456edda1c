import { Controller, Head, Param, Res, Get, Query } from '@nestjs/common';
import { ApiTags, ApiOperation, ApiParam, ApiOkResponse } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { ApiProblems } from '../../../platform/http/api-problems';
import { ApiTotalCount, setTotalCount } from '../../../platform/http/pagination/total-count';
import { UuidParam } from '../../../platform/http/uuid-param';
import { Keeps, RequirePermission } from '../../../platform/security/access.decorators';
import { ACCOUNT_PARAM } from '../accounts/account-param';
import { ACCOUNT_NOT_FOUND } from '../accounts/accounts.errors';
import { AccountEntriesService } from './account-entries.service';
import { AccountEntryQuery, AccountEntryPage } from './account-entry.dto';

@ApiTags('Accounts')
@Controller('ledgers/:ledgerId/accounts/:account/entries')
export class AccountEntriesController {
  constructor(private readonly entries: AccountEntriesService) {}

  @Head()
  @Keeps('accounts')
  @ApiProblems(ACCOUNT_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    operationId: 'accountsCountEntries',
    summary: 'Count entries of an account',
    description: 'With the filters of the list.',
  })
  @ApiParam(ACCOUNT_PARAM)
  @ApiTotalCount()
  async count(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Query() query: AccountEntryQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    setTotalCount(reply, await this.entries.count(ledgerId, idOrCode, query));
  }

  @Get()
  @Keeps('accounts')
  @ApiProblems(ACCOUNT_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    operationId: 'accountsEntriesOf',
    summary: 'Entries of an account',
    description: 'By currency, oldest first, each with the balance after it.',
  })
  @ApiParam(ACCOUNT_PARAM)
  @ApiOkResponse({ type: AccountEntryPage })
  list(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Query() query: AccountEntryQuery,
  ): Promise<AccountEntryPage> {
    return this.entries.list(ledgerId, idOrCode, query);
  }
}
