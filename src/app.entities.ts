import { type EntityTarget, type ObjectLiteral } from 'typeorm';
import { AUTH_ENTITIES } from './modules/auth';
import { BOOK_ENTITIES } from './modules/books';
import { JOB_ENTITIES } from './modules/jobs';
import { TENANT_ENTITIES } from './modules/tenants';
import { USER_ENTITIES } from './modules/users';
import { Account } from './modules/transactions/entities/account.entity';
import { Balance } from './modules/transactions/entities/balance.entity';
import { TenantCurrency } from './modules/transactions/entities/currency.entity';
import { Entry } from './modules/transactions/entities/entry.entity';
import { LedgerHead } from './modules/transactions/entities/ledger-head.entity';
import { Ledger } from './modules/transactions/entities/ledger.entity';
import { Transaction } from './modules/transactions/entities/transaction.entity';
import { IdempotencyKey } from './platform/http/idempotency/idempotency-key.entity';

/** Every entity of the application: one explicit list for the application, the operator's commands and the TypeORM CLI. */
export const ENTITIES: readonly EntityTarget<ObjectLiteral>[] = [
  IdempotencyKey,
  ...TENANT_ENTITIES,
  ...USER_ENTITIES,
  ...AUTH_ENTITIES,
  // transactions
  Ledger,
  LedgerHead,
  TenantCurrency,
  Account,
  Balance,
  Transaction,
  Entry,
  ...JOB_ENTITIES,
  ...BOOK_ENTITIES,
];
