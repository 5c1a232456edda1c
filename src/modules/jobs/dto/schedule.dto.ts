import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsBoolean, IsObject, IsOptional, IsString, MaxLength } from 'class-validator';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { type JobSchedule } from '../entities/job-schedule.entity';

export class CreateScheduleRequest {
  /** A name from `GET /v1/jobs/kinds`. */
  @ApiProperty({ type: 'string', maxLength: 100, example: 'maintenance.purge' })
  @IsString()
  @MaxLength(100)
  kind: string;

  /** What each of its jobs gets. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { olderThanDays: 30 } })
  @IsObject()
  payload: Record<string, unknown>;

  /** Five fields: minute, hour, day of the month, month, day of the week. */
  @ApiProperty({ type: 'string', maxLength: 200, example: '30 2 * * *' })
  @IsString()
  @MaxLength(200)
  cron: string;

  /** Of the IANA database. */
  @ApiProperty({ type: 'string', maxLength: 64, example: 'Europe/Vienna' })
  @IsString()
  @MaxLength(64)
  timeZone: string;

  /** Default: true. */
  @ApiPropertyOptional({ type: 'boolean', default: true, example: true })
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;
}

export class UpdateScheduleRequest extends PartialType(CreateScheduleRequest) {}

const instant = { type: 'string', format: 'date-time' } as const;

export class ScheduleResponse {
  @ApiProperty({ type: 'string', format: 'uuid', example: '01935a3c-7c2e-7d4b-a1f0-3e9c5b7d2f10' })
  id: string;

  @ApiProperty({ type: 'string', example: 'maintenance.purge' })
  kind: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { olderThanDays: 30 } })
  payload: Record<string, unknown>;

  @ApiProperty({ type: 'string', example: '30 2 * * *' })
  cron: string;

  @ApiProperty({ type: 'string', example: 'Europe/Vienna' })
  timeZone: string;

  @ApiProperty({ type: 'boolean', example: true })
  enabled: boolean;

  /** Moments that were missed while no worker ran are made up for by one job. */
  @ApiProperty({ ...instant, example: '2026-11-22T01:30:00.000Z' })
  nextRunAt: string;

  @ApiProperty({ ...instant, nullable: true, example: null })
  lastRunAt: string | null;

  @ApiProperty({ type: 'integer', description: 'Also in the ETag.', example: 1 })
  version: number;

  @ApiProperty({ ...instant, example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({ ...instant, example: '2026-11-21T10:15:00.000Z' })
  updatedAt: string;
}

export class SchedulePage extends PageOf(ScheduleResponse) {}

export function scheduleResponseOf(schedule: JobSchedule): ScheduleResponse {
  const { id, kind, payload, cron, timeZone, enabled, version } = schedule;
  return {
    id,
    kind,
    payload,
    cron,
    timeZone,
    enabled,
    nextRunAt: formatInstant(schedule.nextRunAt),
    lastRunAt: schedule.lastRunAt ? formatInstant(schedule.lastRunAt) : null,
    version,
    createdAt: formatInstant(schedule.createdAt),
    updatedAt: formatInstant(schedule.updatedAt),
  };
}
