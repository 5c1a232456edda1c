import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN, bigintTransformer } from '../../../platform/database/columns';
import { type ProblemDocument } from '../../../common/problems/problem';
import { JobSchedule } from './job-schedule.entity';

export const JOB_STATES = ['scheduled', 'queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];
/** A job in one of these runs no more, unless somebody retries it. */
export const FINAL_STATES: readonly JobState[] = ['succeeded', 'failed', 'dead', 'cancelled'];

/** A piece of work in the background. PostgreSQL has the only copy that counts; Redis merely says "now". */
@Entity('jobs')
@Check('jobs_kind_check', `kind ~ '^[a-z][a-z0-9]*([.-][a-z0-9]+)*$' AND length(kind) <= 100`)
@Check('jobs_payload_check', `jsonb_typeof(payload) = 'object'`)
@Check('jobs_state_check', `state IN ('scheduled', 'queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')`)
@Check('jobs_progress_check', `progress BETWEEN 0 AND 100`)
@Check('jobs_attempts_check', `attempts >= 0`)
@Check('jobs_max_attempts_check', `max_attempts >= 1`)
@Check('jobs_error_check', `jsonb_typeof(error) = 'object'`)
@Check('jobs_trace_id_check', `trace_id ~ '^[0-9a-f]{32}$'`)
@Check('jobs_finished_has_time', `(state IN ('succeeded', 'failed', 'dead', 'cancelled')) = (finished_at IS NOT NULL)`)
@Check('jobs_running_has_lease', `state <> 'running' OR lease_until IS NOT NULL`)
@ForeignKey(() => JobSchedule, ['tenantId', 'scheduleId'], ['tenantId', 'id'], {
  name: 'jobs_tenant_id_schedule_id_fkey',
  onDelete: 'SET NULL',
})
// on an expression and in an order, which only the migration can say
@Index('jobs_attention', { synchronize: false })
@Index('jobs_waiting', { synchronize: false })
@Index('jobs_by_state', ['tenantId', 'state', 'id'])
@Index('jobs_by_kind', ['tenantId', 'kind', 'id'])
@Index('jobs_by_schedule', ['tenantId', 'scheduleId'], { where: 'schedule_id IS NOT NULL' })
@Index('jobs_finished', ['tenantId', 'finishedAt'], { where: 'finished_at IS NOT NULL' })
export class Job {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'jsonb' })
  payload: Record<string, unknown>;

  @Column({ type: 'text' })
  state: JobState;

  /** Among the jobs of one tenant the larger goes first. */
  @Column({ type: 'smallint', default: 0 })
  priority: number;

  @Column({ type: 'smallint', default: 0 })
  progress: number;

  @Column({ name: 'progress_message', type: 'text', nullable: true })
  progressMessage: string | null;

  @Column({
    type: 'integer',
    default: 0,
    comment: 'Never falls: it is the fencing token of the worker that runs the job.',
  })
  attempts: number;

  @Column({ name: 'max_attempts', type: 'integer' })
  maxAttempts: number;

  @Column({ type: 'jsonb', nullable: true })
  result: unknown;

  @Column({ type: 'jsonb', nullable: true })
  error: ProblemDocument | null;

  @Column({ name: 'run_at', type: 'timestamptz', default: TENANT_NOW, comment: 'Not before.' })
  runAt: Date;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  startedAt: Date | null;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt: Date | null;

  @Column({
    name: 'lease_until',
    type: 'timestamptz',
    nullable: true,
    comment:
      'Running: without a sign of the worker by then it is taken for dead. Queued: dispatched; looked at again then.',
  })
  leaseUntil: Date | null;

  @Column({ name: 'cancel_requested', type: 'boolean', default: false })
  cancelRequested: boolean;

  @Column({ name: 'actor_id', type: 'uuid', nullable: true })
  actorId: string | null;

  @Column({ name: 'trace_id', type: 'text' })
  traceId: string;

  @Column({ name: 'schedule_id', type: 'uuid', nullable: true })
  scheduleId: string | null;

  @Column({
    name: 'last_event',
    type: 'bigint',
    default: 0,
    transformer: bigintTransformer,
    comment: 'Sequence of its latest row in job_events.',
  })
  lastEvent: bigint;

  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;
}
