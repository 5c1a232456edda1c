import { AccountTemplate } from './entities/account-template.entity';
import { Account } from './entities/account.entity';
import { Balance } from './entities/balance.entity';
import { TenantCurrency } from './entities/currency.entity';
import { Entry } from './entities/entry.entity';
import { LedgerHead } from './entities/ledger-head.entity';
import { Hold } from './entities/hold.entity';
import { Ledger } from './entities/ledger.entity';
import { ReversalState } from './entities/reversal.entity';
import { ScheduledTransaction } from './entities/scheduled-transaction.entity';
import { TransactionTemplateVersion } from './entities/transaction-template-version.entity';
import { TransactionTemplate } from './entities/transaction-template.entity';
import { TransactionMetadata } from './entities/transaction-metadata.entity';
import { Transaction } from './entities/transaction.entity';

export { AccountsService } from './accounts.service';
export { BalancesService } from './balances.service';
export { type ChartAccount, type ChartCurrency, ChartService } from './chart.service';
export { ACCOUNT_CODE, type AccountType, accountTypeOf, type Direction, normalBalanceOf } from './core/account';
export { type Posting } from './core/orders';
export { type HoldStatus } from './core/book';
export { canonicalTransaction, FIRST_HASH, transactionHash } from './core/hash-chain';
export {
  type EntryKind,
  movesPosted,
  type RecordedEntry,
  type RecordedTransaction,
  type TransactionKind,
} from './core/recorded';
export { AsOfQuery } from './dto/account.dto';
export { ENTRIES_MAX } from './dto/transaction.dto';
export { type Command, type CommandKey, type Outcome } from './engine/command';
export { PostingEngine } from './engine/posting-engine';
export { readTransactions } from './engine/replay';
export { LedgersService, lockLedger } from './ledgers.service';
export { TimekeeperModule } from './timekeeper';
export * from './transactions.errors';
export { TransactionsModule } from './transactions.module';

export const LEDGER_ENTITIES = [
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
];
