import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  INVALID_CURSOR,
  NOT_FOUND,
  PRECONDITION_FAILED,
  PRECONDITION_REQUIRED,
} from '../../common/problems/http.problems';
import { ApiProblems } from '../../platform/http/api-problems';
import { ApiIfMatch, ETAG_HEADER, expectedVersion, setEtag } from '../../platform/http/concurrency/etag';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { type Page, PageQuery } from '../../platform/http/pagination/page.dto';
import { UuidParam } from '../../platform/http/uuid-param';
import { RequirePermission } from '../../platform/security/access.decorators';
import { CreateScheduleRequest, SchedulePage, ScheduleResponse, UpdateScheduleRequest } from './dto/schedule.dto';
import { INVALID_SCHEDULE, UNKNOWN_JOB_KIND } from './jobs.errors';
import { SchedulesService } from './schedules.service';

@ApiTags('Jobs')
@Controller({ path: 'job-schedules', version: '1' })
export class SchedulesController {
  constructor(private readonly schedules: SchedulesService) {}

  @Get()
  @ApiOperation({
    summary: 'List schedules',
    description: 'The newest first.',
  })
  @ApiProblems(INVALID_CURSOR)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: SchedulePage })
  list(@Query() query: PageQuery): Promise<Page<ScheduleResponse>> {
    return this.schedules.list(query);
  }

  @Post()
  @ApiOperation({
    summary: 'Make a schedule',
    description: 'A job of a kind, whenever a cron expression says so in its time zone.',
  })
  @ApiProblems(UNKNOWN_JOB_KIND, INVALID_SCHEDULE)
  @RequirePermission('jobs:write')
  @Idempotent('required')
  @ApiCreatedResponse({ type: ScheduleResponse, headers: ETAG_HEADER })
  async create(
    @Body() request: CreateScheduleRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleResponse> {
    const schedule = await this.schedules.create(request);
    reply.header('location', `/v1/job-schedules/${schedule.id}`);
    setEtag(reply, schedule.version);
    return schedule;
  }

  @Get(':id')
  @ApiOperation({
    summary: 'Read a schedule',
    description: 'With its next moment. The ETag is what a change asks for in If-Match.',
  })
  @ApiProblems(NOT_FOUND)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: ScheduleResponse, headers: ETAG_HEADER })
  async get(@UuidParam('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<ScheduleResponse> {
    const schedule = await this.schedules.get(id);
    setEtag(reply, schedule.version);
    return schedule;
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change a schedule',
    description: 'Or switch it on or off. The next moment is found anew.',
  })
  @ApiProblems(NOT_FOUND, PRECONDITION_FAILED, PRECONDITION_REQUIRED, UNKNOWN_JOB_KIND, INVALID_SCHEDULE)
  @RequirePermission('jobs:write')
  @ApiIfMatch()
  @ApiOkResponse({ type: ScheduleResponse, headers: ETAG_HEADER })
  async update(
    @UuidParam('id') id: string,
    @Body() change: UpdateScheduleRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleResponse> {
    const schedule = await this.schedules.update(id, expectedVersion(request), change);
    setEtag(reply, schedule.version);
    return schedule;
  }

  @Delete(':id')
  @ApiOperation({
    summary: 'Remove a schedule',
    description: 'Its jobs stay.',
  })
  @HttpCode(204)
  @ApiProblems(NOT_FOUND, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('jobs:write')
  @ApiIfMatch()
  @ApiNoContentResponse()
  remove(@UuidParam('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    return this.schedules.remove(id, expectedVersion(request));
  }
}
