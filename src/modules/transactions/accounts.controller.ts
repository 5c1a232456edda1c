import { Body, Controller, Get, Head, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED } from '../../common/problems/http.problems';
import { ApiProblems } from '../../platform/http/api-problems';
import { InTransaction } from '../../platform/http/unit-of-work.interceptor';
import { expectedVersion, setEtag } from '../../platform/http/concurrency/etag';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { ApiTotalCount, setTotalCount } from '../../platform/http/pagination/total-count';
import { UuidParam } from '../../platform/http/uuid-param';
import { RequirePermission } from '../../platform/security/access.decorators';
import { AccountEntriesService } from './account-entries.service';
import { AccountsService } from './accounts.service';
import { BalancesService } from './balances.service';
import {
  AccountPage,
  AccountQuery,
  AccountResponse,
  CreateAccountRequest,
  UpdateAccountRequest,
} from './dto/account.dto';
import { AccountEntryPage, AccountEntryQuery } from './dto/account-entry.dto';
import { AccountBalancesQuery, AccountBalancesResponse } from './dto/balance.dto';
import { ReconcileRequest, ReconciliationResponse } from './dto/reconciliation.dto';
import { ReconciliationService } from './reconciliation.service';
import {
  ACCOUNT_NOT_FOUND,
  AMOUNT_OUT_OF_RANGE,
  AMOUNT_PRECISION,
  LEDGER_CLOSED,
  LEDGER_NOT_FOUND,
  RECONCILIATION_TOO_LARGE,
  UNKNOWN_CURRENCY,
} from './transactions.errors';

const ACCOUNT_PARAM = { name: 'account', description: 'Id or code.', example: 'assets:bank:main' } as const;

@ApiTags('Accounts')
@Controller('ledgers/:ledgerId/accounts')
export class AccountsController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly balances: BalancesService,
    private readonly entries: AccountEntriesService,
    private readonly reconciliation: ReconciliationService,
  ) {}

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

  @Get(':account/balances')
  @ApiProblems(ACCOUNT_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    summary: 'Balances of an account',
    description:
      'One per currency, now or as of a moment on either time axis; with `rollup` of the account and all below it, in the sign of its own normal balance.',
  })
  @ApiParam(ACCOUNT_PARAM)
  @ApiOkResponse({ type: AccountBalancesResponse })
  balancesOf(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Query() query: AccountBalancesQuery,
  ): Promise<AccountBalancesResponse> {
    return this.balances.ofAccount(ledgerId, idOrCode, query);
  }

  @Head(':account/entries')
  @ApiProblems(ACCOUNT_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'Count entries of an account', description: 'With the filters of the list.' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiTotalCount()
  async countEntries(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Query() query: AccountEntryQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    setTotalCount(reply, await this.entries.count(ledgerId, idOrCode, query));
  }

  @Get(':account/entries')
  @ApiProblems(ACCOUNT_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    summary: 'Entries of an account',
    description: 'By currency, oldest first, each with the balance after it.',
  })
  @ApiParam(ACCOUNT_PARAM)
  @ApiOkResponse({ type: AccountEntryPage })
  entriesOf(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('account') idOrCode: string,
    @Query() query: AccountEntryQuery,
  ): Promise<AccountEntryPage> {
    return this.entries.list(ledgerId, idOrCode, query);
  }

  @Post(':account/reconcile')
  @HttpCode(200)
  @ApiProblems(ACCOUNT_NOT_FOUND, UNKNOWN_CURRENCY, AMOUNT_PRECISION, AMOUNT_OUT_OF_RANGE, RECONCILIATION_TOO_LARGE)
  @RequirePermission('transactions:read')
  @Idempotent('none')
  @InTransaction('read')
  @ApiOperation({
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
