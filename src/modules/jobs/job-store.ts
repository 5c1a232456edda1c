import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../../common/ids/uuid';
import { type ProblemDocument } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { currentTransaction } from '../../platform/database/tenant-database';
import { type JobState } from './entities/job.entity';

/** What those who move jobs from state to state know of one. */
export interface JobRow {
  readonly id: string;
  readonly kind: string;
  readonly payload: Record<string, unknown>;
  readonly state: JobState;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly actorId: string | null;
  readonly traceId: string;
}

export interface NewJob {
  readonly kind: string;
  readonly payload: object;
  readonly maxAttempts: number;
  readonly priority?: number;
  /** Not before; default: now. */
  readonly runAt?: Date;
  readonly actorId: string | undefined;
  readonly traceId: string;
  readonly scheduleId?: string;
}

const COLUMNS = `id, kind, payload, state, attempts, max_attempts AS "maxAttempts", actor_id AS "actorId", trace_id AS "traceId"`;

/** Jobs ahead of a new one that make it less urgent; beyond this number it makes no difference. */
const MOST_AHEAD = 1_000;

/** A statement that changes rows of jobs, and notes the states that they have now in job_events. */
const noted = (change: string) => `
  WITH changed AS (${change} RETURNING *),
  noted AS (
    INSERT INTO job_events (job_id, sequence, type, data)
    SELECT id, last_event, 'state', jsonb_strip_nulls(jsonb_build_object(
      'state', state, 'attempt', attempts, 'runAt', CASE WHEN state = 'scheduled' THEN run_at END, 'error', error))
    FROM changed)
  SELECT ${COLUMNS} FROM changed`;
const TOUCH = `last_event = jobs.last_event + 1, version = jobs.version + 1, updated_at = tenant_now()`;
const MINE = `id = $1 AND attempts = $2 AND state = 'running'`;

/**
 * Every change of a job's state, each one statement with its condition inside: whoever comes second changes nothing.
 * Works in the caller's transaction.
 */
@Injectable()
export class JobStore {
  /** Until then a queued job is believed to be in Redis. */
  private readonly graceMs: number;
  private readonly leaseMs: number;
  private readonly tenantConcurrency: number;

  constructor({ jobs }: Config) {
    this.graceMs = 2 * jobs.sweepIntervalMs;
    this.leaseMs = jobs.leaseMs;
    this.tenantConcurrency = jobs.tenantConcurrency;
  }

  async insert(job: NewJob): Promise<JobRow> {
    const [row] = await this.rows(
      noted(`
        INSERT INTO jobs (id, kind, payload, state, priority, max_attempts, run_at, actor_id, trace_id, schedule_id, last_event, lease_until)
        SELECT $1::uuid, $2, $3::jsonb, CASE WHEN due THEN 'queued' ELSE 'scheduled' END, $4::smallint, $5::int,
               COALESCE($6::timestamptz, tenant_now()), $7::uuid, $8, $9::uuid, 1,
               CASE WHEN due THEN tenant_now() + $10 * interval '1 ms' END
        FROM (SELECT COALESCE($6::timestamptz <= tenant_now(), true) AS due) AS time`),
      [
        uuidv7(),
        job.kind,
        JSON.stringify(job.payload),
        job.priority ?? 0,
        job.maxAttempts,
        job.runAt ?? null,
        job.actorId ?? null,
        job.traceId,
        job.scheduleId ?? null,
        this.graceMs,
      ],
    );
    return row as JobRow;
  }

  /**
   * Takes a waiting job for a worker, if it is still waiting and the tenant runs fewer than it may. Callers hold the
   * tenant's claim lock, so that two workers do not count the same free place.
   */
  async claim(id: string, kinds: readonly string[]): Promise<JobRow | undefined> {
    const [row] = await this.rows(
      noted(`
        UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = tenant_now(), progress = 0,
               progress_message = NULL, error = NULL, lease_until = tenant_now() + $3 * interval '1 ms', ${TOUCH}
        WHERE id = $1 AND state = 'queued' AND kind = ANY($2)
          AND (SELECT count(*) FROM jobs r WHERE r.state = 'running') < $4`),
      [id, kinds, this.leaseMs, this.tenantConcurrency],
    );
    return row;
  }

  /** @returns undefined when the job is no longer this attempt's */
  async renew(id: string, attempt: number): Promise<{ cancelRequested: boolean } | undefined> {
    const [row] = await this.rows<{ cancelRequested: boolean }>(
      `UPDATE jobs SET lease_until = tenant_now() + $3 * interval '1 ms' WHERE ${MINE} RETURNING cancel_requested AS "cancelRequested"`,
      [id, attempt, this.leaseMs],
    );
    return row;
  }

  async progress(id: string, attempt: number, percent: number, message: string | undefined): Promise<void> {
    await this.rows(
      `WITH changed AS (
         UPDATE jobs SET progress = $3, progress_message = $4, last_event = last_event + 1, updated_at = tenant_now()
         WHERE ${MINE} RETURNING id, last_event)
       INSERT INTO job_events (job_id, sequence, type, data)
       SELECT id, last_event, 'progress', jsonb_strip_nulls(jsonb_build_object('percent', $3::int, 'message', $4::text)) FROM changed`,
      [id, attempt, percent, message ?? null],
    );
  }

  async log(id: string, attempt: number, message: string, data: object | undefined): Promise<void> {
    await this.rows(
      `WITH changed AS (UPDATE jobs SET last_event = last_event + 1 WHERE ${MINE} RETURNING id, last_event)
       INSERT INTO job_events (job_id, sequence, type, data)
       SELECT id, last_event, 'log', jsonb_strip_nulls(jsonb_build_object('message', $3::text, 'data', $4::jsonb)) FROM changed`,
      [id, attempt, message, data === undefined ? null : JSON.stringify(data)],
    );
  }

  /** Ends an attempt for good. @returns false when the job is no longer this attempt's */
  async finish(
    id: string,
    attempt: number,
    state: 'succeeded' | 'failed' | 'dead' | 'cancelled',
    outcome: { readonly result?: unknown; readonly error?: ProblemDocument },
  ): Promise<boolean> {
    const rows = await this.rows(
      noted(`
        UPDATE jobs SET state = $3, result = $4, error = $5, finished_at = tenant_now(), lease_until = NULL,
               progress = CASE WHEN $3 = 'succeeded' THEN 100 ELSE progress END, ${TOUCH}
        WHERE ${MINE}`),
      [id, attempt, state, json(outcome.result), json(outcome.error)],
    );
    return rows.length > 0;
  }

  /** Ends an attempt that will be followed by another one. */
  async postpone(id: string, attempt: number, delayMs: number, error: ProblemDocument): Promise<boolean> {
    const rows = await this.rows(
      noted(`
        UPDATE jobs SET state = 'scheduled', run_at = tenant_now() + $3 * interval '1 ms', lease_until = NULL, error = $4, ${TOUCH}
        WHERE ${MINE}`),
      [id, attempt, delayMs, json(error)],
    );
    return rows.length > 0;
  }

  /** Gives a job back that the process could not finish. It was not the job's fault, so it costs it no attempt. */
  async handBack(id: string, attempt: number): Promise<JobRow | undefined> {
    const [row] = await this.rows(
      noted(`
        UPDATE jobs SET state = 'queued', max_attempts = max_attempts + 1,
               lease_until = tenant_now() + $3 * interval '1 ms', ${TOUCH}
        WHERE ${MINE}`),
      [id, attempt, this.graceMs],
    );
    return row;
  }

  /** Cancels a job that waits; asks the worker of one that runs. @returns undefined when it is over */
  async cancel(id: string): Promise<JobRow | undefined> {
    const [row] = await this.rows(
      noted(`
        UPDATE jobs SET state = CASE state WHEN 'running' THEN state ELSE 'cancelled' END,
               finished_at = CASE state WHEN 'running' THEN NULL ELSE tenant_now() END,
               lease_until = CASE state WHEN 'running' THEN lease_until END,
               cancel_requested = true, ${TOUCH}
        WHERE id = $1 AND state IN ('scheduled', 'queued', 'running')`),
      [id],
    );
    return row;
  }

  /**
   * Puts jobs that ended badly back into the queue, with as many new attempts as their kind gives.
   * @param maxAttempts by kind; jobs of other kinds stay
   */
  async redrive(
    which: { readonly id?: string; readonly states: readonly JobState[] },
    maxAttempts: Readonly<Record<string, number>>,
    limit: number,
  ): Promise<JobRow[]> {
    return this.rows(
      noted(`
        UPDATE jobs SET state = 'queued', max_attempts = attempts + ($3::jsonb ->> kind)::int, run_at = tenant_now(),
               finished_at = NULL, error = NULL, result = NULL, progress = 0, progress_message = NULL,
               cancel_requested = false, lease_until = tenant_now() + $5 * interval '1 ms', ${TOUCH}
        WHERE id IN (SELECT id FROM jobs WHERE ($1::uuid IS NULL OR id = $1) AND state = ANY($2) AND $3::jsonb ? kind
                     ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED)`),
      [which.id ?? null, which.states, JSON.stringify(maxAttempts), limit, this.graceMs],
    );
  }

  /**
   * Moves jobs on that nobody looks after: due ones become queued; those whose worker is lost too, or dead when that
   * was their last attempt. Those that were queued already are only looked at again later.
   */
  async rescue(ids: readonly string[], lost: ProblemDocument): Promise<JobRow[]> {
    const due = `id = ANY($1) AND state IN ('scheduled', 'queued', 'running') AND COALESCE(lease_until, run_at) <= tenant_now()`;
    const waiting = await this.rows(
      `UPDATE jobs SET lease_until = tenant_now() + $2 * interval '1 ms'
       WHERE id IN (SELECT id FROM jobs WHERE ${due} AND state = 'queued' FOR UPDATE SKIP LOCKED) RETURNING ${COLUMNS}`,
      [ids, this.graceMs],
    );
    const spent = `state = 'running' AND (attempts >= max_attempts OR cancel_requested)`;
    const moved = await this.rows(
      noted(`
        UPDATE jobs SET
          state = CASE WHEN NOT (${spent}) THEN 'queued' WHEN cancel_requested THEN 'cancelled' ELSE 'dead' END,
          finished_at = CASE WHEN ${spent} THEN tenant_now() END,
          lease_until = CASE WHEN NOT (${spent}) THEN tenant_now() + $2 * interval '1 ms' END,
          error = CASE WHEN state = 'running' THEN $3::jsonb ELSE error END, ${TOUCH}
        WHERE id IN (SELECT id FROM jobs WHERE ${due} AND state <> 'queued' FOR UPDATE SKIP LOCKED)`),
      [ids, this.graceMs, json(lost)],
    );
    return [...waiting, ...moved];
  }

  /** Waiting jobs that could take the places that became free. Those of other kinds would only stand in their way. */
  next(kinds: readonly string[]): Promise<JobRow[]> {
    return this.rows(
      `SELECT ${COLUMNS} FROM jobs WHERE state = 'queued' AND kind = ANY($2) ORDER BY priority DESC, run_at LIMIT $1`,
      [this.tenantConcurrency, kinds],
    );
  }

  /** Queued and running jobs of the tenant, counted up to a thousand. */
  async ahead(): Promise<number> {
    const [row] = await this.rows<{ ahead: number }>(
      `SELECT count(*)::int AS ahead FROM (SELECT FROM jobs WHERE state IN ('queued', 'running') LIMIT ${MOST_AHEAD}) AS waiting`,
      [],
    );
    return row?.ahead ?? 0;
  }

  private async rows<Row = JobRow>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    return (await currentTransaction().client.query(sql, [...values])).rows as Row[];
  }
}

const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
