import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, MoreThan, Repository } from 'typeorm';
import { uuidv7 } from '../../common/ids/uuid';
import { NOT_FOUND } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { requestContext } from '../../platform/context/request-context';
import { TENANT_NOW } from '../../platform/database/columns';
import { currentTransaction } from '../../platform/database/tenant-database';
import { versionMismatch } from '../../platform/http/concurrency/etag';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type Page, type PageQuery } from '../../platform/http/pagination/page.dto';
import { nextRun } from './cron';
import {
  type CreateScheduleRequest,
  type ScheduleResponse,
  scheduleResponseOf,
  type UpdateScheduleRequest,
} from './dto/schedule.dto';
import { JobSchedule } from './entities/job-schedule.entity';
import { JobDispatcher } from './job-dispatcher';
import { JobStore } from './job-store';
import { INVALID_SCHEDULE } from './jobs.errors';
import { KindRegistry } from './kind-registry';

/** Schedules of the tenant, in the caller's transaction. */
@Injectable()
export class SchedulesService {
  constructor(
    @InjectRepository(JobSchedule) private readonly schedules: Repository<JobSchedule>,
    private readonly kinds: KindRegistry,
    private readonly store: JobStore,
    private readonly dispatcher: JobDispatcher,
    private readonly cursors: CursorService,
  ) {}

  /** @throws Problem `unknown-job-kind`, `validation-failed`, `invalid-schedule` */
  async create(request: CreateScheduleRequest): Promise<ScheduleResponse> {
    const id = uuidv7();
    await this.schedules.insert({
      id,
      ...(await this.checked(request)),
      enabled: request.enabled ?? true,
      actorId: requestContext.current()?.principal?.id ?? null,
    });
    return this.get(id);
  }

  /** @throws Problem `not-found` */
  async get(id: string): Promise<ScheduleResponse> {
    return scheduleResponseOf(await this.find(id));
  }

  list(query: PageQuery): Promise<Page<ScheduleResponse>> {
    return this.cursors.page(
      'jobs/schedules',
      query,
      {},
      ({ direction, key, limit }) =>
        this.schedules.find({
          where: key?.[0] === undefined ? {} : { id: direction === 'next' ? LessThan(key[0]) : MoreThan(key[0]) },
          order: { id: direction === 'next' ? 'DESC' : 'ASC' },
          take: limit + 1,
        }),
      ({ id }) => [id],
      scheduleResponseOf,
    );
  }

  /** @throws Problem `not-found`, `precondition-failed`, and those of `create` */
  async update(id: string, version: number | '*', request: UpdateScheduleRequest): Promise<ScheduleResponse> {
    const found = await this.find(id);
    if (version !== '*' && found.version !== version) throw versionMismatch();
    const { enabled, ...rest } = {
      kind: request.kind ?? found.kind,
      payload: request.payload ?? found.payload,
      cron: request.cron ?? found.cron,
      timeZone: request.timeZone ?? found.timeZone,
      enabled: request.enabled ?? found.enabled,
    };
    const { affected } = await this.schedules.update(
      { id, version: found.version },
      {
        ...(await this.checked(rest)),
        enabled,
        version: found.version + 1,
        updatedAt: TENANT_NOW,
      },
    );
    if (affected !== 1) throw versionMismatch();
    return this.get(id);
  }

  /** Its jobs stay. @throws Problem `not-found`, `precondition-failed` */
  async remove(id: string, version: number | '*'): Promise<void> {
    const found = await this.find(id);
    if (version !== '*' && found.version !== version) throw versionMismatch();
    const { affected } = await this.schedules.delete({ id, version: found.version });
    if (affected !== 1) throw versionMismatch();
  }

  /**
   * Makes the job of a schedule whose time has come, and moves the schedule on: both or neither, once. Whoever finds the
   * row locked or moved on already leaves it to the other one.
   */
  async fire(id: string): Promise<void> {
    const { client } = currentTransaction();
    const { rows } = await client.query<{
      kind: string;
      payload: object;
      cron: string;
      time_zone: string;
      actor_id: string | null;
      now: Date;
    }>(
      `SELECT kind, payload, cron, time_zone, actor_id, tenant_now() AS now FROM job_schedules
       WHERE id = $1 AND enabled AND next_run_at <= tenant_now() FOR UPDATE SKIP LOCKED`,
      [id],
    );
    const [schedule] = rows;
    if (!schedule) return;
    const { kind, payload } = schedule;
    const known = this.kinds.all().find(({ name }) => name === kind);
    const job = await this.store.insert({
      kind,
      payload,
      maxAttempts: known?.maxAttempts ?? 1,
      actorId: schedule.actor_id ?? undefined,
      traceId: randomBytes(16).toString('hex'),
      scheduleId: id,
    });
    const next = nextRun(schedule.cron, schedule.time_zone, schedule.now);
    await client.query(
      `UPDATE job_schedules SET last_run_at = tenant_now(), next_run_at = COALESCE($2, next_run_at), enabled = $2::timestamptz IS NOT NULL
       WHERE id = $1`,
      [id, next ?? null],
    );
    await this.dispatcher.afterCommit([job]);
  }

  private async find(id: string): Promise<JobSchedule> {
    const found = await this.schedules.findOneBy({ id });
    if (!found) throw new Problem(NOT_FOUND, 'No schedule has this id.');
    return found;
  }

  private async checked({ kind: name, payload, cron, timeZone }: CreateScheduleRequest) {
    const kind = this.kinds.get(name);
    const checked: Record<string, unknown> = await this.kinds.check(kind, payload);
    const nextRunAt = nextRun(cron, timeZone, currentTransaction().now);
    if (!nextRunAt)
      throw new Problem(INVALID_SCHEDULE, 'The cron expression or the time zone cannot be understood.', {
        errors: [
          { pointer: '/cron', detail: 'must be five cron fields that name a moment to come' },
          { pointer: '/timeZone', detail: 'must be a name of the IANA time zone database' },
        ],
      });
    return { kind: kind.name, payload: checked as never, cron: cron.trim(), timeZone, nextRunAt };
  }
}
