import { Feature } from '../../platform/features/feature';
import { BOOKKEEPERS, EVERYBODY } from '../../platform/security/roles';
import { AuthModule } from '../auth';
import { AccountsController } from './accounts/accounts.controller';
import { AccountsService } from './accounts/accounts.service';
import { ChartService } from './accounts/chart.service';
import { AccountBalancesController } from './balances/account-balances.controller';
import { BalancesController } from './balances/balances.controller';
import { BalancesService } from './balances/balances.service';
import { BulkLines } from './bulk/bulk-lines';
import { BulkRequests } from './bulk/bulk-requests';
import { BulkController } from './bulk/bulk.controller';
import { BulkService } from './bulk/bulk.service';
import { PostingEngine } from './engine/posting-engine';
import { AccountTemplate } from './entities/account-template.entity';
import { Account } from './entities/account.entity';
import { Balance } from './entities/balance.entity';
import { TenantCurrency } from './entities/currency.entity';
import { Entry } from './entities/entry.entity';
import { Hold } from './entities/hold.entity';
import { LedgerHead } from './entities/ledger-head.entity';
import { LedgerEntity } from './entities/ledger.entity';
import { ReversalState } from './entities/reversal.entity';
import { ScheduledTransaction } from './entities/scheduled-transaction.entity';
import { TransactionMetadata } from './entities/transaction-metadata.entity';
import { TransactionTemplateVersion } from './entities/transaction-template-version.entity';
import { TransactionTemplate } from './entities/transaction-template.entity';
import { Transaction } from './entities/transaction.entity';
import { CurrenciesController } from './ledgers/currencies.controller';
import { CurrenciesService } from './ledgers/currencies.service';
import { LedgersController } from './ledgers/ledgers.controller';
import { LedgersService } from './ledgers/ledgers.service';
import { AccountEntriesController } from './listing/account-entries.controller';
import { AccountEntriesService } from './listing/account-entries.service';
import { TransactionList } from './listing/transaction-list';
import { TransactionListController } from './listing/transaction-list.controller';
import { Ledger1795300000003 } from './migrations/1795300000003-ledger';
import { HoldsAndChain1795300000006 } from './migrations/1795300000006-holds-and-chain';
import { Templates1795300000007 } from './migrations/1795300000007-templates';
import { Scheduled1795300000010 } from './migrations/1795300000010-scheduled';
import { BalanceCheckPlan1795300000011 } from './migrations/1795300000011-balance-check-plan';
import { Ledger } from './posting/ledger';
import { PostingController } from './posting/posting.controller';
import { PostingService } from './posting/posting.service';
import { ReconciliationController } from './reconciliation/reconciliation.controller';
import { ReconciliationService } from './reconciliation/reconciliation.service';
import { ScheduledPoster } from './scheduled/scheduled-poster';
import { ScheduledTransactionsController } from './scheduled/scheduled-transactions.controller';
import { ScheduledTransactionsService } from './scheduled/scheduled-transactions.service';
import { Timekeeper } from './scheduled/timekeeper';
import { AccountTemplatesController } from './templates/account-templates.controller';
import { AccountTemplatesService } from './templates/account-templates.service';
import { TransactionTemplatesController } from './templates/transaction-templates.controller';
import { TransactionTemplatesService } from './templates/transaction-templates.service';
import { LEDGER_CATALOG } from './transactions.catalog';

@Feature({
  entities: [
    LedgerEntity,
    LedgerHead,
    TenantCurrency,
    Account,
    AccountTemplate,
    Balance,
    Transaction,
    TransactionMetadata,
    TransactionTemplate,
    TransactionTemplateVersion,
    Entry,
    Hold,
    ReversalState,
    ScheduledTransaction,
  ],
  migrations: [
    Ledger1795300000003,
    HoldsAndChain1795300000006,
    Templates1795300000007,
    Scheduled1795300000010,
    BalanceCheckPlan1795300000011,
  ],
  permissions: {
    'ledgers:read': { description: 'See ledgers, accounts and balances.', roles: EVERYBODY },
    'ledgers:write': { description: 'Make, change and close ledgers.', roles: BOOKKEEPERS },
    'accounts:write': { description: 'Make, change, freeze and close accounts.', roles: BOOKKEEPERS },
    'transactions:read': { description: 'See transactions and entries.', roles: EVERYBODY },
    'transactions:write': { description: 'Post, hold, capture, void and reverse.', roles: BOOKKEEPERS },
  },
  tags: {
    Ledgers: 'Books, their currencies and their trial balances.',
    Accounts: 'Accounts of a ledger, their balances and entries.',
    'Account templates': 'What accounts are like that are made on their first use.',
    Transactions: 'Postings: two or more entries that sum to zero in each currency.',
    'Transaction templates': 'Entries with parameters: fees, splits and exchanges that are written once.',
  },
  catalog: LEDGER_CATALOG,
  worker: { providers: [Timekeeper] },

  imports: [AuthModule],
  controllers: [
    LedgersController,
    AccountsController,
    AccountTemplatesController,
    BulkController,
    ScheduledTransactionsController,
    PostingController,
    AccountBalancesController,
    BalancesController,
    CurrenciesController,
    AccountEntriesController,
    ReconciliationController,
    TransactionListController,
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
    Ledger,
    PostingEngine,
    ReconciliationService,
    ScheduledPoster,
    ScheduledTransactionsService,
    TransactionList,
    PostingService,
    TransactionTemplatesService,
  ],
  exports: [
    AccountsService,
    BalancesService,
    ChartService,
    CurrenciesService,
    Ledger,
    LedgersService,
    PostingEngine,
    ScheduledPoster,
  ],
})
export class TransactionsModule {}
