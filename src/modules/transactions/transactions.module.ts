import { Feature } from '../../platform/features/feature';
import { BOOKKEEPERS, EVERYBODY } from '../../platform/security/roles';
import { LEDGER_CATALOG } from './transactions.catalog';
import { Timekeeper } from './timekeeper';
import { Ledger1795300000003 } from './migrations/1795300000003-ledger';
import { HoldsAndChain1795300000006 } from './migrations/1795300000006-holds-and-chain';
import { Templates1795300000007 } from './migrations/1795300000007-templates';
import { Scheduled1795300000010 } from './migrations/1795300000010-scheduled';
import { BalanceCheckPlan1795300000011 } from './migrations/1795300000011-balance-check-plan';
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
import { Balance } from './entities/balance.entity';
import { Entry } from './entities/entry.entity';
import { Hold } from './entities/hold.entity';
import { ReversalState } from './entities/reversal.entity';
import { TransactionMetadata } from './entities/transaction-metadata.entity';
import { Transaction } from './entities/transaction.entity';
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

@Feature({
  entities: [
    Ledger,
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
