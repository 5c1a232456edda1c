import { Controller, Get, Post, Body, Query } from '@nestjs/common';
import { ApiTags, ApiOperation, ApiOkResponse, ApiCreatedResponse } from '@nestjs/swagger';
import { CONFLICT } from '../../../common/problems/http.problems';
import { ApiProblems } from '../../../platform/http/api-problems';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { PageQuery } from '../../../platform/http/pagination/page.dto';
import { UuidParam } from '../../../platform/http/uuid-param';
import { RequirePermission } from '../../../platform/security/access.decorators';
import { CurrenciesService } from './currencies.service';
import { CurrencyPage, CurrencyResponse, CreateCurrencyRequest } from './currency.dto';
import { LEDGER_NOT_FOUND, CURRENCY_RESERVED } from './ledgers.errors';
import { LedgersService } from './ledgers.service';

@ApiTags('Ledgers')
@Controller('ledgers/:ledgerId/currencies')
export class CurrenciesController {
  constructor(
    private readonly ledgers: LedgersService,
    private readonly currencies: CurrenciesService,
  ) {}

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    operationId: 'ledgersListCurrencies',
    summary: 'List currencies',
    description:
      'The currencies that the tenant uses: its own, which all of its ledgers share, and those of ISO 4217 from their first use on.',
  })
  @ApiOkResponse({ type: CurrencyPage })
  async list(@UuidParam('ledgerId') ledgerId: string, @Query() query: PageQuery): Promise<CurrencyPage> {
    await this.ledgers.get(ledgerId);
    return this.currencies.list(query);
  }

  @Post()
  @ApiProblems(LEDGER_NOT_FOUND, CONFLICT, CURRENCY_RESERVED)
  @RequirePermission('ledgers:write')
  @Idempotent('required')
  @ApiOperation({
    operationId: 'ledgersCreateCurrency',
    summary: 'Define a currency',
    description: 'For points, securities and the like. Its scale never changes. All ledgers of the tenant share it.',
  })
  @ApiCreatedResponse({ type: CurrencyResponse })
  async create(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() request: CreateCurrencyRequest,
  ): Promise<CurrencyResponse> {
    await this.ledgers.get(ledgerId);
    return this.currencies.create(request);
  }
}
