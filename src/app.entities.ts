import { type EntityTarget, type ObjectLiteral } from 'typeorm';
import { IdempotencyKey } from './platform/http/idempotency/idempotency-key.entity';

/** Every entity of the application: one explicit list for the application, the operator's commands and the TypeORM CLI. */
export const ENTITIES: readonly EntityTarget<ObjectLiteral>[] = [IdempotencyKey];
