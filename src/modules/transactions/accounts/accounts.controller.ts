import { Body, Controller, Get, Head, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED } from '../../../common/problems/http.problems';
import { ApiProblems } from '../../../platform/http/api-problems';
import { expectedVersion, setEtag } from '../../../platform/http/concurrency/etag';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { ApiTotalCount, setTotalCount } from '../../../platform/http/pagination/total-count';
import { UuidParam } from '../../../platform/http/uuid-param';
import { Keeps, RequirePermission } from '../../../platform/security/access.decorators';
import { AccountsService } from './accounts.service';
import { AccountPage, AccountQuery, AccountResponse, CreateAccountRequest, UpdateAccountRequest } from './account.dto';
import { ACCOUNT_NOT_FOUND } from './accounts.errors';
import { AMOUNT_OUT_OF_RANGE, AMOUNT_PRECISION, UNKNOWN_CURRENCY } from '../core/refusals.errors';
import { LEDGER_CLOSED, LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { ACCOUNT_PARAM } from './account-param';

@ApiTags('Accounts')
@Controller('ledgers/:ledgerId/accounts')
export class AccountsController {
  constructor(private readonly accounts: AccountsService) {}

  @Post()
  @ApiProblems(LEDGER_NOT_FOUND, CONFLICT, LEDGER_CLOSED, UNKNOWN_CURRENCY, AMOUNT_PRECISION, AMOUNT_OUT_OF_RANGE)
  @RequirePermission('accounts:write')
  @Idempotent('required')
  @ApiOperation({
    summary: 'Create an account',
    description: 'Its balances, one per currency, come with its first entries.',
  })
  @ApiCreatedResponse({ type: AccountResponse })
  async create(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() request: CreateAccountRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountResponse> {
    const account = await this.accounts.create(ledgerId, request);
    reply.header('location', `/v1/ledgers/${ledgerId}/accounts/${account.id}`);
    setEtag(reply, account.version);
    return this.accounts.responseOf(account);
  }

  @Head()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'Count accounts', description: 'With the filters of the list.' })
  @ApiTotalCount()
  async count(
    @UuidParam('ledgerId') ledgerId: string,
    @Query() query: AccountQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    setTotalCount(reply, await this.accounts.count(ledgerId, query));
  }

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'List accounts', description: 'By code.' })
  @ApiOkResponse({ type: AccountPage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: AccountQuery): Promise<AccountPage> {
    return this.accounts.list(ledgerId, query);
  }

  @Get(':account')
  @Keeps('accounts')
  @ApiProblems(ACCOUNT_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'Read an account', description: 'The ETag is what a change asks for in If-Match.' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiOkResponse({ type: AccountResponse })
  async get(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountResponse> {
    const account = await this.accounts.get(ledgerId, idOrCode);
    setEtag(reply, account.version);
    return this.accounts.responseOf(account);
  }

  @Patch(':account')
  @ApiProblems(
    ACCOUNT_NOT_FOUND,
    UNKNOWN_CURRENCY,
    AMOUNT_PRECISION,
    AMOUNT_OUT_OF_RANGE,
    PRECONDITION_FAILED,
    PRECONDITION_REQUIRED,
  )
  @RequirePermission('accounts:write')
  @ApiOperation({
    summary: 'Change an account',
    description: 'Fields that are not sent stay as they are. Code and type never change.',
  })
  @ApiParam(ACCOUNT_PARAM)
  @ApiOkResponse({ type: AccountResponse })
  async update(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Body() change: UpdateAccountRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountResponse> {
    const account = await this.accounts.update(ledgerId, idOrCode, expectedVersion(request), change);
    setEtag(reply, account.version);
    return this.accounts.responseOf(account);
  }
}
