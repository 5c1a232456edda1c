import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, LessThan, MoreThan, Repository } from 'typeorm';
import { NOT_FOUND } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { requestContext } from '../../platform/context/request-context';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type Page, type PageQuery } from '../../platform/http/pagination/page.dto';
import { JobEvent } from './entities/job-event.entity';
import { Job, type JobState } from './entities/job.entity';
import { type JobListQuery } from './dto/job-list.query.dto';
import { type JobLogEntry, type JobResponse, logEntryOf, responseOf } from './dto/job.response.dto';
import { JobDispatcher } from './job-dispatcher';
import { JobStore } from './job-store';
import { JOB_NOT_CANCELLABLE, JOB_NOT_RETRYABLE } from './jobs.errors';
import { KindRegistry } from './kind-registry';

export interface EnqueueOptions {
  /** Not before; default: now. */
  readonly runAt?: Date;
  /** Among the tenant's own jobs the larger goes first; default 0. */
  readonly priority?: number;
  readonly scheduleId?: string;
  /** Default: the person whose request this is. */
  readonly actorId?: string;
}

const RETRYABLE: readonly JobState[] = ['failed', 'dead', 'cancelled'];
/** Jobs that one redrive puts back at the most. */
const REDRIVE_LIMIT = 500;

/** Jobs of the tenant, in the caller's transaction. */
@Injectable()
export class JobsService {
  constructor(
    @InjectRepository(Job) private readonly jobs: Repository<Job>,
    @InjectRepository(JobEvent) private readonly events: Repository<JobEvent>,
    private readonly kinds: KindRegistry,
    private readonly store: JobStore,
    private readonly dispatcher: JobDispatcher,
    private readonly cursors: CursorService,
  ) {}

  /**
   * Makes a job. It exists when the caller's transaction commits, and runs soon after.
   * @throws Problem `unknown-job-kind`, `validation-failed` for the payload
   */
  async enqueue(kindName: string, payload: unknown, options: EnqueueOptions = {}): Promise<JobResponse> {
    const kind = this.kinds.get(kindName);
    const checked = await this.kinds.check(kind, payload);
    const context = requestContext.current();
    const job = await this.store.insert({
      kind: kind.name,
      payload: checked,
      maxAttempts: kind.maxAttempts,
      actorId: context?.principal?.id,
      traceId: context?.traceId ?? randomBytes(16).toString('hex'),
      ...options,
    });
    await this.dispatcher.afterCommit([job]);
    return this.get(job.id);
  }

  /** @throws Problem `not-found` */
  async get(id: string): Promise<JobResponse> {
    const job = await this.jobs.findOneBy({ id });
    if (!job) throw new Problem(NOT_FOUND, 'No job has this id.');
    return responseOf(job);
  }

  list(query: JobListQuery): Promise<Page<JobResponse>> {
    return this.cursors.page(
      'jobs',
      query,
      { state: query.state, kind: query.kind },
      ({ direction, key, limit, filters }) =>
        this.jobs.find({
          where: {
            ...filters,
            ...(key?.[0] === undefined ? {} : { id: direction === 'next' ? LessThan(key[0]) : MoreThan(key[0]) }),
          },
          order: { id: direction === 'next' ? 'DESC' : 'ASC' },
          take: limit + 1,
        }),
      (job) => [job.id],
      responseOf,
    );
  }

  /** @throws Problem `not-found` */
  async log(id: string, query: PageQuery): Promise<Page<JobLogEntry>> {
    await this.get(id);
    return this.cursors.page(
      `jobs/${id}/log`,
      query,
      {},
      ({ direction, key, limit }) => {
        const sequence = key?.[0] === undefined ? undefined : BigInt(key[0]);
        return this.events.find({
          where: {
            jobId: id,
            type: 'log',
            ...(sequence === undefined
              ? {}
              : { sequence: direction === 'next' ? MoreThan(sequence) : LessThan(sequence) }),
          },
          order: { sequence: direction === 'next' ? 'ASC' : 'DESC' },
          take: limit + 1,
        });
      },
      (event) => [event.sequence.toString()],
      logEntryOf,
    );
  }

  /** Events after `sequence`, in order, and whether more are to be expected. @throws Problem `not-found` */
  async eventsAfter(
    id: string,
    sequence: bigint,
    limit: number,
  ): Promise<{ readonly events: JobEvent[]; readonly last: bigint; readonly state: JobState }> {
    // the row first: what it counts is there when the events are read
    const job = await this.jobs.findOne({ where: { id }, select: { id: true, state: true, lastEvent: true } });
    if (!job) throw new Problem(NOT_FOUND, 'No job has this id.');
    const events = await this.events.find({
      where: { jobId: id, sequence: MoreThan(sequence) },
      order: { sequence: 'ASC' },
      take: limit,
    });
    return { events, last: job.lastEvent, state: job.state };
  }

  /** The sequence of the latest event of each of these jobs that is there. */
  async lastEvents(ids: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const jobs = await this.jobs.find({ where: { id: In([...ids]) }, select: { id: true, lastEvent: true } });
    return new Map(jobs.map(({ id, lastEvent }) => [id, lastEvent]));
  }

  /** @throws Problem `not-found`, `job-not-cancellable` */
  async cancel(id: string): Promise<JobResponse> {
    const { state } = await this.get(id);
    if (!(await this.store.cancel(id)))
      throw new Problem(JOB_NOT_CANCELLABLE, `The job has ended already; it is ${state}.`);
    return this.get(id);
  }

  /** @throws Problem `not-found`, `job-not-retryable` */
  async retry(id: string): Promise<JobResponse> {
    const { state, kind } = await this.get(id);
    this.kinds.get(kind);
    const rows = await this.store.redrive({ id, states: RETRYABLE }, this.attemptsByKind(), 1);
    if (rows.length === 0)
      throw new Problem(
        JOB_NOT_RETRYABLE,
        `A job that is ${state} is not run again; failed, dead and cancelled ones are.`,
      );
    await this.dispatcher.afterCommit(rows);
    return this.get(id);
  }

  /** Retries up to `REDRIVE_LIMIT` jobs at once. @returns how many */
  async redrive(state: 'failed' | 'dead' | 'cancelled', kind: string | undefined): Promise<number> {
    const all = this.attemptsByKind();
    const attempts = kind === undefined ? all : { [kind]: this.kinds.get(kind).maxAttempts };
    const rows = await this.store.redrive({ states: [state] }, attempts, REDRIVE_LIMIT);
    await this.dispatcher.afterCommit(rows);
    return rows.length;
  }

  private attemptsByKind(): Record<string, number> {
    return Object.fromEntries(this.kinds.all().map(({ name, maxAttempts }) => [name, maxAttempts]));
  }
}
