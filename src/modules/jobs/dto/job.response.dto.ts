import { ApiProperty } from '@nestjs/swagger';
import { type ProblemDocument } from '../../../common/problems/problem';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { type JobEvent } from '../entities/job-event.entity';
import { type Job, JOB_STATES, type JobState } from '../entities/job.entity';

const instant = { type: 'string', format: 'date-time' } as const;

export class JobResponse {
  @ApiProperty({ type: 'string', format: 'uuid', example: '01935a3c-7c2e-7d4b-a1f0-3e9c5b7d2f10' })
  id: string;

  @ApiProperty({ type: 'string', example: 'maintenance.purge' })
  kind: string;

  /**
   * `scheduled` waits for its time, `queued` for a worker. `failed`: refused for a reason that a retry cannot mend.
   * `dead`: all its attempts failed.
   */
  @ApiProperty({ enum: JOB_STATES, example: 'running' })
  state: JobState;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { olderThanDays: 30 } })
  payload: Record<string, unknown>;

  /** Percent. */
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 100, example: 40 })
  progress: number;

  @ApiProperty({ type: 'string', nullable: true, example: '400 of 1000 rows' })
  progressMessage: string | null;

  @ApiProperty({ type: 'integer', minimum: 0, example: 1 })
  attempts: number;

  @ApiProperty({ type: 'integer', minimum: 1, example: 3 })
  maxAttempts: number;

  /** What the job answered; null until it succeeded. */
  @ApiProperty({ nullable: true, type: 'object', additionalProperties: true, example: { deletedJobs: 12 } })
  result: unknown;

  /** A problem document: why the last attempt failed. */
  @ApiProperty({ nullable: true, type: 'object', additionalProperties: true, example: null })
  error: ProblemDocument | null;

  @ApiProperty({ ...instant, description: 'Not before.', example: '2026-11-21T10:15:00.000Z' })
  runAt: string;

  @ApiProperty({ ...instant, nullable: true, description: 'Of the last attempt.', example: '2026-11-21T10:15:00.120Z' })
  startedAt: string | null;

  @ApiProperty({ ...instant, nullable: true, example: null })
  finishedAt: string | null;

  /** Somebody cancelled it, and its worker has not stopped yet or was asked to. */
  @ApiProperty({ type: 'boolean', example: false })
  cancelRequested: boolean;

  /** Who asked for it. */
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: '01935a3c-0000-7000-8000-000000000001' })
  actorId: string | null;

  @ApiProperty({ type: 'string', example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  traceId: string;

  /** The schedule that made it. */
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: null })
  scheduleId: string | null;

  @ApiProperty({ ...instant, example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({ ...instant, example: '2026-11-21T10:15:02.000Z' })
  updatedAt: string;
}

export class JobPage extends PageOf(JobResponse) {}

export class JobLogEntry {
  /** Ascends within the job. */
  @ApiProperty({ type: 'integer', example: 7 })
  sequence: number;

  @ApiProperty({ ...instant, example: '2026-11-21T10:15:01.000Z' })
  at: string;

  @ApiProperty({ type: 'string', example: 'row 17 has no currency' })
  message: string;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: { row: 17 } })
  data: unknown;
}

export class JobLogPage extends PageOf(JobLogEntry) {}

const optional = (date: Date | null) => (date ? formatInstant(date) : null);

export function responseOf(job: Job): JobResponse {
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    payload: job.payload,
    progress: job.progress,
    progressMessage: job.progressMessage,
    attempts: job.attempts,
    maxAttempts: job.maxAttempts,
    result: job.result ?? null,
    error: job.error,
    runAt: formatInstant(job.runAt),
    startedAt: optional(job.startedAt),
    finishedAt: optional(job.finishedAt),
    cancelRequested: job.cancelRequested,
    actorId: job.actorId,
    traceId: job.traceId,
    scheduleId: job.scheduleId,
    createdAt: formatInstant(job.createdAt),
    updatedAt: formatInstant(job.updatedAt),
  };
}

export function logEntryOf({ sequence, at, data }: JobEvent): JobLogEntry {
  return { sequence: Number(sequence), at: formatInstant(at), message: String(data.message), data: data.data ?? null };
}
