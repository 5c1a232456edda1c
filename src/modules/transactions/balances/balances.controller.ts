import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../platform/http/api-problems';
import { UuidParam } from '../../../platform/http/uuid-param';
import { RequirePermission } from '../../../platform/security/access.decorators';
import { LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { AsOfQuery } from './as-of.dto';
import { TrialBalanceResponse, LedgerBalancePage, LedgerBalancesQuery } from './balance.dto';
import { BalancesService } from './balances.service';

@ApiTags('Ledgers')
@Controller('ledgers/:ledgerId')
export class BalancesController {
  constructor(private readonly balances: BalancesService) {}

  @Get('trial-balance')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    operationId: 'ledgersTrialBalance',
    summary: 'Trial balance',
    description:
      'Every account and currency with the sums of its debits and credits, now or as of a moment on either time axis. The totals differ by zero.',
  })
  @ApiOkResponse({ type: TrialBalanceResponse })
  trialBalance(@UuidParam('ledgerId') ledgerId: string, @Query() query: AsOfQuery): Promise<TrialBalanceResponse> {
    return this.balances.trialBalance(ledgerId, query);
  }

  @Get('balances')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    operationId: 'ledgersBalancesOf',
    summary: 'Balances of accounts',
    description:
      'By code, then currency, now or as of a moment on either time axis. With `depth` they are added up by the first segments of their codes.',
  })
  @ApiOkResponse({ type: LedgerBalancePage })
  ofLedger(@UuidParam('ledgerId') ledgerId: string, @Query() query: LedgerBalancesQuery): Promise<LedgerBalancePage> {
    return this.balances.ofLedger(ledgerId, query);
  }
}
