import { type EntityTarget, type ObjectLiteral } from 'typeorm';
import { AUTH_ENTITIES } from './modules/auth';
import { BOOK_ENTITIES } from './modules/books';
import { EVIDENCE_ENTITIES } from './modules/evidence';
import { JOB_ENTITIES } from './modules/jobs';
import { TENANT_ENTITIES } from './modules/tenants';
import { LEDGER_ENTITIES } from './modules/transactions';
import { USER_ENTITIES } from './modules/users';
import { IdempotencyKey } from './platform/http/idempotency/idempotency-key.entity';

/** Every entity of the application: one explicit list for the application, the operator's commands and the TypeORM CLI. */
export const ENTITIES: readonly EntityTarget<ObjectLiteral>[] = [
  IdempotencyKey,
  ...TENANT_ENTITIES,
  ...USER_ENTITIES,
  ...AUTH_ENTITIES,
  ...LEDGER_ENTITIES,
  ...JOB_ENTITIES,
  ...BOOK_ENTITIES,
  ...EVIDENCE_ENTITIES,
];
