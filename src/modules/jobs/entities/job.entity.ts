import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, VERSION_COLUMN, bigintTransformer } from '../../../platform/database/columns';
import { type ProblemDocument } from '../../../common/problems/problem';

export const JOB_STATES = ['scheduled', 'queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];
/** A job in one of these runs no more, unless somebody retries it. */
export const FINAL_STATES: readonly JobState[] = ['succeeded', 'failed', 'dead', 'cancelled'];

/** A piece of work in the background. PostgreSQL has the only copy that counts; Redis merely says "now". */
@Entity('jobs')
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

  @Column({ name: 'run_at', type: 'timestamptz', default: () => 'now()', comment: 'Not before.' })
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

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}
