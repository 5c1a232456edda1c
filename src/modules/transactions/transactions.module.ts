import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../../platform/database/repositories';
import { AccountsController } from './accounts.controller';
import { AccountsService } from './accounts.service';
import { BalancesService } from './balances.service';
import { ChartService } from './chart.service';
import { CurrenciesService } from './currencies.service';
import { PostingEngine } from './engine/posting-engine';
import { Account } from './entities/account.entity';
import { TenantCurrency } from './entities/currency.entity';
import { LedgerHead } from './entities/ledger-head.entity';
import { Ledger } from './entities/ledger.entity';
import { LedgersController } from './ledgers.controller';
import { LedgersService } from './ledgers.service';
import { TransactionsController } from './transactions.controller';
import { TransactionsService } from './transactions.service';

@Module({
  imports: [RepositoriesModule.for([Account, Ledger, LedgerHead, TenantCurrency])],
  controllers: [LedgersController, AccountsController, TransactionsController],
  providers: [
    AccountsService,
    BalancesService,
    ChartService,
    CurrenciesService,
    LedgersService,
    PostingEngine,
    TransactionsService,
  ],
  exports: [AccountsService, BalancesService, ChartService, LedgersService, PostingEngine],
})
export class TransactionsModule {}
