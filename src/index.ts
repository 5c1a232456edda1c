/*
 * What a team that builds on Daybook may import; nothing else is public. Within a version of one major number (before
 * 1.0: of one minor number) it only grows: what leaves or changes is in CHANGELOG.md, with what to do.
 */
export { CORE_FEATURES } from './app.features';
export { createDaybook, type Daybook, type DaybookOptions } from './create-daybook';
export { VERSION } from './version';

// a feature
export { Feature, type FeatureOptions, type Migration, type PermissionOptions } from './platform/features/feature';
export { ADMINISTRATORS, BOOKKEEPERS, EVERYBODY, type Role } from './platform/security/roles';

// its tables
export { bigintTransformer, TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from './platform/database/columns';
export { MIGRATION_SETTINGS, tenantTable } from './platform/database/tenant-table';
export {
  currentTransaction,
  type Mode,
  NoTransactionError,
  type RunOptions,
  TenantDatabase,
  type Transaction,
} from './platform/database/tenant-database';

// its routes: who may, what comes in, what goes out
export {
  CurrentPrincipal,
  Keeps,
  CurrentTenant,
  Public,
  RecentSignIn,
  RequirePermission,
  SignedIn,
} from './platform/security/access.decorators';
export { type Caller, type Principal, type PrincipalKind, type Within } from './platform/security/principal';
export { type CredentialKind, CredentialKinds } from './platform/security/credential-kinds';
export { ApiProblems } from './platform/http/api-problems';
export { ApiIfMatch, ETAG_HEADER, expectedVersion, setEtag, versionMismatch } from './platform/http/concurrency/etag';
export { Idempotent, type IdempotencyPolicy } from './platform/http/idempotency/idempotency.decorators';
export { InTransaction, WithoutTransaction } from './platform/http/unit-of-work.interceptor';
export { CursorService, type PageStart, type PartOfPage } from './platform/http/pagination/cursor.service';
export { type Page, PageOf, PageQuery } from './platform/http/pagination/page.dto';
export { ApiTotalCount, countUpTo, setTotalCount } from './platform/http/pagination/total-count';
export { UuidParam } from './platform/http/uuid-param';
export { IsAmount, IsCalendarDate, IsInstant, IsMetadata, MayBeAbsent } from './platform/http/validators';
export { mergePatch } from './common/http/merge-patch';
export { patchMetadata } from './common/http/metadata';

// what can go wrong
export {
  defineProblem,
  Problem,
  type ProblemItem,
  type ProblemOptions,
  type ProblemType,
} from './common/problems/problem';
export {
  CONFLICT,
  FORBIDDEN,
  NOT_FOUND,
  PRECONDITION_FAILED,
  PRECONDITION_REQUIRED,
  UNAVAILABLE,
  VALIDATION_FAILED,
} from './common/problems/http.problems';

// money, ids, time
export {
  AMOUNT_PATTERN,
  formatAmount,
  parseAmount,
  parseSignedAmount,
  SIGNED_AMOUNT_PATTERN,
} from './common/money/amount';
export { type Currency, isoCurrency } from './common/money/currency';
export { isUuid, uuidv7 } from './common/ids/uuid';
export { formatInstant, parseDate, parseInstant } from './common/time/instant';

// jobs
export {
  type EnqueueOptions,
  type JobContext,
  type JobHandler,
  JobKind,
  type JobKindOptions,
  JobResponse,
  JobsModule,
  JobsService,
  NoPayload,
} from './modules/jobs';

// the ledger
export {
  AccountsService,
  AMOUNT_OUT_OF_RANGE,
  AMOUNT_PRECISION,
  CurrenciesService,
  Ledger,
  type LedgerAnswer,
  type LedgerCall,
  LEDGER_CLOSED,
  LEDGER_NOT_FOUND,
  LedgersService,
  Money,
  type StoredMoney,
  TRANSACTION_NOT_FOUND,
  TransactionsModule,
  UNKNOWN_CURRENCY,
} from './modules/transactions';
