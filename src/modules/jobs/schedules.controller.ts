import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  INVALID_CURSOR,
  NOT_FOUND,
  PRECONDITION_FAILED,
  PRECONDITION_REQUIRED,
} from '../../common/problems/http.problems';
import { ApiProblems } from '../../platform/http/api-problems';
import { expectedVersion, setEtag } from '../../platform/http/concurrency/etag';
import { type Page, PageQuery } from '../../platform/http/pagination/page.dto';
import { UuidParam } from '../../platform/http/uuid-param';
import { RequirePermission } from '../../platform/security/access.decorators';
import { CreateScheduleRequest, SchedulePage, ScheduleResponse, UpdateScheduleRequest } from './dto/schedule.dto';
import { INVALID_SCHEDULE, UNKNOWN_JOB_KIND } from './jobs.errors';
import { SchedulesService } from './schedules.service';

const IfMatch = () => ApiHeader({ name: 'If-Match', required: true, schema: { type: 'string', examples: ['"1"'] } });

@ApiTags('jobs')
@Controller({ path: 'jobs/schedules', version: '1' })
export class SchedulesController {
  constructor(private readonly schedules: SchedulesService) {}

  /** Lists schedules, the newest first. */
  @Get()
  @ApiProblems(INVALID_CURSOR)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: SchedulePage })
  list(@Query() query: PageQuery): Promise<Page<ScheduleResponse>> {
    return this.schedules.list(query);
  }

  /** Makes a schedule. */
  @Post()
  @ApiProblems(UNKNOWN_JOB_KIND, INVALID_SCHEDULE)
  @RequirePermission('jobs:write')
  @ApiCreatedResponse({ type: ScheduleResponse })
  async create(
    @Body() request: CreateScheduleRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleResponse> {
    const schedule = await this.schedules.create(request);
    reply.header('location', `/v1/jobs/schedules/${schedule.id}`);
    setEtag(reply, schedule.version);
    return schedule;
  }

  /** Reads a schedule. */
  @Get(':id')
  @ApiProblems(NOT_FOUND)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: ScheduleResponse })
  async get(@UuidParam('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<ScheduleResponse> {
    const schedule = await this.schedules.get(id);
    setEtag(reply, schedule.version);
    return schedule;
  }

  /** Changes a schedule, or switches it on or off. The next moment is found anew. */
  @Patch(':id')
  @ApiProblems(NOT_FOUND, PRECONDITION_FAILED, PRECONDITION_REQUIRED, UNKNOWN_JOB_KIND, INVALID_SCHEDULE)
  @RequirePermission('jobs:write')
  @IfMatch()
  @ApiOkResponse({ type: ScheduleResponse })
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

  /** Removes a schedule; its jobs stay. */
  @Delete(':id')
  @HttpCode(204)
  @ApiProblems(NOT_FOUND, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('jobs:write')
  @IfMatch()
  @ApiNoContentResponse()
  remove(@UuidParam('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    return this.schedules.remove(id, expectedVersion(request));
  }
}
