import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../../platform/database/repositories';
import { AuthModule } from '../auth';
import { AccountEntriesService } from './account-entries.service';
import { AccountTemplatesController } from './account-templates.controller';
import { AccountTemplatesService } from './account-templates.service';
import { AccountsController } from './accounts.controller';
import { AccountsService } from './accounts.service';
import { BalancesService } from './balances.service';
import { BulkController } from './bulk/bulk.controller';
import { BulkService } from './bulk/bulk.service';
import { BulkLines } from './bulk/bulk-lines';
import { BulkRequests } from './bulk/bulk-requests';
import { ChartService } from './chart.service';
import { CurrenciesService } from './currencies.service';
import { PostingEngine } from './engine/posting-engine';
import { AccountTemplate } from './entities/account-template.entity';
import { Account } from './entities/account.entity';
import { TenantCurrency } from './entities/currency.entity';
import { LedgerHead } from './entities/ledger-head.entity';
import { Ledger } from './entities/ledger.entity';
import { TransactionTemplateVersion } from './entities/transaction-template-version.entity';
import { ScheduledTransaction } from './entities/scheduled-transaction.entity';
import { TransactionTemplate } from './entities/transaction-template.entity';
import { LedgersController } from './ledgers.controller';
import { LedgersService } from './ledgers.service';
import { ReconciliationService } from './reconciliation.service';
import { ScheduledPoster } from './scheduled/scheduled-poster';
import { ScheduledTransactionsController } from './scheduled/scheduled-transactions.controller';
import { ScheduledTransactionsService } from './scheduled/scheduled-transactions.service';
import { TransactionList } from './transaction-list';
import { TransactionTemplatesController } from './transaction-templates.controller';
import { TransactionTemplatesService } from './transaction-templates.service';
import { TransactionsController } from './transactions.controller';
import { TransactionsService } from './transactions.service';

@Module({
  imports: [
    AuthModule,
    RepositoriesModule.for([
      Account,
      AccountTemplate,
      Ledger,
      LedgerHead,
      ScheduledTransaction,
      TenantCurrency,
      TransactionTemplate,
      TransactionTemplateVersion,
    ]),
  ],
  controllers: [
    LedgersController,
    AccountsController,
    AccountTemplatesController,
    BulkController,
    ScheduledTransactionsController,
    TransactionsController,
    TransactionTemplatesController,
  ],
  providers: [
    AccountEntriesService,
    AccountsService,
    AccountTemplatesService,
    BalancesService,
    BulkLines,
    BulkRequests,
    BulkService,
    ChartService,
    CurrenciesService,
    LedgersService,
    PostingEngine,
    ReconciliationService,
    ScheduledPoster,
    ScheduledTransactionsService,
    TransactionList,
    TransactionsService,
    TransactionTemplatesService,
  ],
  exports: [AccountsService, BalancesService, ChartService, LedgersService, PostingEngine, ScheduledPoster],
})
export class TransactionsModule {}
