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
export * from './transactions.errors';
export { TransactionsModule } from './transactions.module';
