export { AccountsService } from './accounts/accounts.service';
export { type ChartAccount, type ChartCurrency, ChartService } from './accounts/chart.service';
export {
  ACCOUNT_CODE,
  ACCOUNT_PATTERN,
  ACCOUNT_TYPES,
  type AccountType,
  accountTypeOf,
  type Direction,
} from './core/account';
export { canonicalTransaction, FIRST_HASH, transactionHash } from './core/hash-chain';
export {
  type EntryKind,
  movesPosted,
  type RecordedEntry,
  type RecordedTransaction,
  type TransactionKind,
} from './core/recorded';
export { AsOfQuery } from './balances/as-of.dto';
export { ENTRIES_MAX } from './posting/transaction.dto';
export { type Command, type Outcome } from './engine/command';
export { AMOUNT_OUT_OF_RANGE, AMOUNT_PRECISION, UNKNOWN_CURRENCY } from './core/refusals.errors';
export { Money, type StoredMoney } from './ledgers/money.dto';
export { CurrenciesService } from './ledgers/currencies.service';
export { Ledger, type LedgerAnswer, type LedgerCall } from './posting/ledger';
export { PostingEngine } from './engine/posting-engine';
export { readTransactions } from './engine/replay';
export { TRANSACTION_NOT_FOUND } from './core/refusals.errors';
export { QUEUE_FULL } from './engine/engine.errors';
export { LEDGER_CLOSED, LEDGER_NOT_FOUND } from './ledgers/ledgers.errors';
export { LedgersService } from './ledgers/ledgers.service';
export { TransactionsModule } from './transactions.module';
