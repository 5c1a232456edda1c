import { type EntityTarget, type ObjectLiteral } from 'typeorm';
import { JobEvent } from './modules/jobs/entities/job-event.entity';
import { JobSchedule } from './modules/jobs/entities/job-schedule.entity';
import { Job } from './modules/jobs/entities/job.entity';
import { IdempotencyKey } from './platform/http/idempotency/idempotency-key.entity';

/** Every entity of the application: one explicit list for the application, the operator's commands and the TypeORM CLI. */
export const ENTITIES: readonly EntityTarget<ObjectLiteral>[] = [IdempotencyKey, Job, JobEvent, JobSchedule];
