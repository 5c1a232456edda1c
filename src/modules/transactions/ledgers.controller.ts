import { Body, Controller, Get, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED } from '../../common/problems/http.problems';
import { ApiProblems } from '../../platform/http/api-problems';
import { expectedVersion, setEtag } from '../../platform/http/concurrency/etag';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { PageQuery } from '../../platform/http/pagination/page.dto';
import { UuidParam } from '../../platform/http/uuid-param';
import { RequirePermission } from '../../platform/security/access.decorators';
import { BalancesService } from './balances.service';
import { CurrenciesService } from './currencies.service';
import { AsOfQuery } from './dto/account.dto';
import { LedgerBalancePage, LedgerBalancesQuery, TrialBalanceResponse } from './dto/balance.dto';
import { CreateCurrencyRequest, CurrencyPage, CurrencyResponse } from './dto/currency.dto';
import { CreateLedgerRequest, LedgerPage, LedgerResponse, UpdateLedgerRequest } from './dto/ledger.dto';
import { LedgersService } from './ledgers.service';
import { CURRENCY_RESERVED, LEDGER_NOT_FOUND } from './transactions.errors';

@ApiTags('Ledgers')
@Controller('ledgers')
export class LedgersController {
  constructor(
    private readonly ledgers: LedgersService,
    private readonly currencies: CurrenciesService,
    private readonly balances: BalancesService,
  ) {}

  @Post()
  @ApiProblems(CONFLICT)
  @RequirePermission('ledgers:write')
  @Idempotent('required')
  @ApiOperation({
    summary: 'Create a ledger',
    description: 'A ledger is a book: accounts and transactions that belong together.',
  })
  @ApiCreatedResponse({ type: LedgerResponse })
  async create(
    @Body() request: CreateLedgerRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LedgerResponse> {
    const ledger = await this.ledgers.create(request);
    reply.header('location', `/v1/ledgers/${ledger.id}`);
    setEtag(reply, ledger.version);
    return LedgerResponse.of(ledger);
  }

  @Get()
  @ApiProblems()
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'List ledgers', description: 'Oldest first.' })
  @ApiOkResponse({ type: LedgerPage })
  list(@Query() query: PageQuery): Promise<LedgerPage> {
    return this.ledgers.list(query);
  }

  @Get(':ledgerId')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'Read a ledger', description: 'The ETag is what a change asks for in If-Match.' })
  @ApiOkResponse({ type: LedgerResponse })
  async get(
    @UuidParam('ledgerId') ledgerId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LedgerResponse> {
    const ledger = await this.ledgers.get(ledgerId);
    setEtag(reply, ledger.version);
    return LedgerResponse.of(ledger);
  }

  @Patch(':ledgerId')
  @ApiProblems(LEDGER_NOT_FOUND, CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('ledgers:write')
  @ApiOperation({
    summary: 'Change a ledger',
    description: 'Fields that are not sent stay as they are. A closed ledger takes no transactions.',
  })
  @ApiOkResponse({ type: LedgerResponse })
  async update(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() change: UpdateLedgerRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LedgerResponse> {
    const ledger = await this.ledgers.update(ledgerId, expectedVersion(request), change);
    setEtag(reply, ledger.version);
    return LedgerResponse.of(ledger);
  }

  @Get(':ledgerId/trial-balance')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    summary: 'Trial balance',
    description:
      'Every account and currency with the sums of its debits and credits, now or as of a moment on either time axis. The totals differ by zero.',
  })
  @ApiOkResponse({ type: TrialBalanceResponse })
  trialBalance(@UuidParam('ledgerId') ledgerId: string, @Query() query: AsOfQuery): Promise<TrialBalanceResponse> {
    return this.balances.trialBalance(ledgerId, query);
  }

  @Get(':ledgerId/balances')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    summary: 'Balances of accounts',
    description:
      'By code, then currency, now or as of a moment on either time axis. With `depth` they are added up by the first segments of their codes.',
  })
  @ApiOkResponse({ type: LedgerBalancePage })
  balancesOf(@UuidParam('ledgerId') ledgerId: string, @Query() query: LedgerBalancesQuery): Promise<LedgerBalancePage> {
    return this.balances.ofLedger(ledgerId, query);
  }

  @Get(':ledgerId/currencies')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    summary: 'List currencies',
    description:
      'The currencies that the tenant uses: its own, which all of its ledgers share, and those of ISO 4217 from their first use on.',
  })
  @ApiOkResponse({ type: CurrencyPage })
  async listCurrencies(@UuidParam('ledgerId') ledgerId: string, @Query() query: PageQuery): Promise<CurrencyPage> {
    await this.ledgers.get(ledgerId);
    return this.currencies.list(query);
  }

  @Post(':ledgerId/currencies')
  @ApiProblems(LEDGER_NOT_FOUND, CONFLICT, CURRENCY_RESERVED)
  @RequirePermission('ledgers:write')
  @Idempotent('required')
  @ApiOperation({
    summary: 'Define a currency',
    description: 'For points, securities and the like. Its scale never changes. All ledgers of the tenant share it.',
  })
  @ApiCreatedResponse({ type: CurrencyResponse })
  async createCurrency(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() request: CreateCurrencyRequest,
  ): Promise<CurrencyResponse> {
    await this.ledgers.get(ledgerId);
    return this.currencies.create(request);
  }
}
