import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { INVALID_CURSOR, NOT_FOUND } from '../../common/problems/http.problems';
import { parseInstant } from '../../common/time/instant';
import { ApiProblems } from '../../platform/http/api-problems';
import { type Page, PageQuery } from '../../platform/http/pagination/page.dto';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../platform/http/uuid-param';
import { RequirePermission } from '../../platform/security/access.decorators';
import { CreateJobRequest } from './dto/create-job.request.dto';
import { JobKindList } from './dto/job-kind.response.dto';
import { JobListQuery } from './dto/job-list.query.dto';
import { type JobLogEntry, JobLogPage, JobPage, JobResponse } from './dto/job.response.dto';
import { RedriveRequest, RedriveResponse } from './dto/redrive.dto';
import { JobEventStreams } from './job-event-streams';
import { JOB_NOT_CANCELLABLE, JOB_NOT_RETRYABLE, TOO_MANY_STREAMS, UNKNOWN_JOB_KIND } from './jobs.errors';
import { JobsService } from './jobs.service';
import { KindRegistry } from './kind-registry';
import { payloadSchema } from './payload-schema';

@ApiTags('jobs')
@Controller({ path: 'jobs', version: '1' })
export class JobsController {
  constructor(
    private readonly jobs: JobsService,
    private readonly kinds: KindRegistry,
    private readonly streams: JobEventStreams,
  ) {}

  /** Lists the kinds of job that can be made, with the schemas of their payloads. */
  @Get('kinds')
  @ApiProblems()
  @RequirePermission('jobs:read')
  @WithoutTransaction()
  @ApiOkResponse({ type: JobKindList })
  listKinds(): JobKindList {
    const items = this.kinds.all().map(({ name, description, payload, maxAttempts, timeoutMs }) => ({
      name,
      description,
      payload: payloadSchema(payload),
      maxAttempts,
      timeoutMs,
    }));
    return { items };
  }

  /** Lists jobs, the newest first. Dead letters are `?state=dead`. */
  @Get()
  @ApiProblems(INVALID_CURSOR)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: JobPage })
  list(@Query() query: JobListQuery): Promise<Page<JobResponse>> {
    return this.jobs.list(query);
  }

  /** Makes a job. It is stored before the answer is sent, and runs soon after. */
  @Post()
  @HttpCode(202)
  @ApiProblems(UNKNOWN_JOB_KIND)
  @RequirePermission('jobs:write')
  @ApiAcceptedResponse({ type: JobResponse })
  async create(
    @Body() { kind, payload, runAt }: CreateJobRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobResponse> {
    const job = await this.jobs.enqueue(kind, payload, { runAt: parseInstant(runAt) });
    reply.header('location', `/v1/jobs/${job.id}`);
    return job;
  }

  /** Runs jobs again that ended badly: all of a state, or of a kind in it. */
  @Post('redrive')
  @HttpCode(200)
  @ApiProblems(UNKNOWN_JOB_KIND)
  @RequirePermission('jobs:write')
  @ApiOkResponse({ type: RedriveResponse })
  async redrive(@Body() { state, kind }: RedriveRequest): Promise<RedriveResponse> {
    return { redriven: await this.jobs.redrive(state ?? 'dead', kind) };
  }

  /** Reads a job. */
  @Get(':id')
  @ApiProblems(NOT_FOUND)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: JobResponse })
  get(@UuidParam('id') id: string): Promise<JobResponse> {
    return this.jobs.get(id);
  }

  /** Lists what the job logged, the oldest first. */
  @Get(':id/log')
  @ApiProblems(NOT_FOUND, INVALID_CURSOR)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: JobLogPage })
  log(@UuidParam('id') id: string, @Query() query: PageQuery): Promise<Page<JobLogEntry>> {
    return this.jobs.log(id, query);
  }

  /**
   * Follows a job: an event of type `state`, `progress` or `log` for whatever happens to it, from the beginning or after
   * `Last-Event-ID`. The stream ends with the job. When there is nothing more to come the answer is 204, which tells an
   * EventSource to stop.
   */
  @Get(':id/events')
  @ApiProblems(NOT_FOUND, TOO_MANY_STREAMS)
  @RequirePermission('jobs:read')
  @WithoutTransaction()
  @ApiProduces('text/event-stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, schema: { type: 'string', examples: ['7'] } })
  @ApiOkResponse({
    content: {
      'text/event-stream': { schema: { type: 'string' }, example: 'id: 2\nevent: progress\ndata: {"percent":40}\n\n' },
    },
  })
  @ApiNoContentResponse({ description: 'The job is over, and you have had all its events.' })
  events(@UuidParam('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.streams.open(id, request, reply);
  }

  /** Cancels a job: at once when it waits; when it runs its worker is asked, and `cancelRequested` is true until it stops. */
  @Post(':id/cancel')
  @HttpCode(202)
  @ApiProblems(NOT_FOUND, JOB_NOT_CANCELLABLE)
  @RequirePermission('jobs:write')
  @ApiAcceptedResponse({ type: JobResponse })
  cancel(@UuidParam('id') id: string): Promise<JobResponse> {
    return this.jobs.cancel(id);
  }

  /** Runs a job again that is failed, dead or cancelled, with as many attempts as a new one has. */
  @Post(':id/retry')
  @HttpCode(202)
  @ApiProblems(NOT_FOUND, JOB_NOT_RETRYABLE, UNKNOWN_JOB_KIND)
  @RequirePermission('jobs:write')
  @ApiAcceptedResponse({ type: JobResponse })
  retry(@UuidParam('id') id: string): Promise<JobResponse> {
    return this.jobs.retry(id);
  }
}
