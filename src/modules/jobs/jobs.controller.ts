import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { INVALID_CURSOR, NOT_FOUND } from '../../common/problems/http.problems';
import { parseInstant } from '../../common/time/instant';
import { ApiProblems } from '../../platform/http/api-problems';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
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

@ApiTags('Jobs')
@Controller({ path: 'jobs', version: '1' })
export class JobsController {
  constructor(
    private readonly jobs: JobsService,
    private readonly kinds: KindRegistry,
    private readonly streams: JobEventStreams,
  ) {}

  @Get('kinds')
  @ApiOperation({
    summary: 'List the kinds of job',
    description: 'What can be made, with the JSON Schema of each payload.',
  })
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

  @Get()
  @ApiOperation({
    summary: 'List jobs',
    description: 'The newest first. Dead letters are `?state=dead`.',
  })
  @ApiProblems(INVALID_CURSOR)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: JobPage })
  list(@Query() query: JobListQuery): Promise<Page<JobResponse>> {
    return this.jobs.list(query);
  }

  @Post()
  @ApiOperation({
    summary: 'Make a job',
    description: 'It is stored before the answer is sent, and runs soon after.',
  })
  @HttpCode(202)
  @ApiProblems(UNKNOWN_JOB_KIND)
  @RequirePermission('jobs:write')
  @Idempotent('required')
  @ApiAcceptedResponse({ type: JobResponse })
  async create(
    @Body() { kind, payload, runAt }: CreateJobRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobResponse> {
    const job = await this.jobs.enqueue(kind, payload, { runAt: parseInstant(runAt) });
    reply.header('location', `/v1/jobs/${job.id}`);
    return job;
  }

  @Post('redrive')
  @ApiOperation({
    summary: 'Run jobs again that ended badly',
    description: 'All of a state, or of a kind in it. Without a state: the dead ones.',
  })
  @HttpCode(200)
  @ApiProblems(UNKNOWN_JOB_KIND)
  @RequirePermission('jobs:write')
  @Idempotent('required')
  @ApiOkResponse({ type: RedriveResponse })
  async redrive(@Body() { state, kind }: RedriveRequest): Promise<RedriveResponse> {
    return { redriven: await this.jobs.redrive(state ?? 'dead', kind) };
  }

  @Get(':id')
  @ApiOperation({
    summary: 'Read a job',
    description: 'Its state, progress, attempts, and its result or error.',
  })
  @ApiProblems(NOT_FOUND)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: JobResponse })
  get(@UuidParam('id') id: string): Promise<JobResponse> {
    return this.jobs.get(id);
  }

  @Get(':id/log')
  @ApiOperation({
    summary: 'Read the log of a job',
    description: 'The oldest line first.',
  })
  @ApiProblems(NOT_FOUND, INVALID_CURSOR)
  @RequirePermission('jobs:read')
  @ApiOkResponse({ type: JobLogPage })
  log(@UuidParam('id') id: string, @Query() query: PageQuery): Promise<Page<JobLogEntry>> {
    return this.jobs.log(id, query);
  }

  @Get(':id/events')
  @ApiOperation({
    summary: 'Follow a job',
    description:
      'A stream of server-sent events of type `state`, `progress` or `log` for whatever happens to the job, from the beginning or after `Last-Event-ID`. It ends with the job. A stream that ends before says why in a last event of type `closing`, whose `reason` is `shutting-down`, `credential-ended`, `slow-reader` or `unavailable`; it has no id, so that a reader who comes back goes on after the last event that it had. When there is nothing more to come the answer is 204, which tells an EventSource to stop.',
  })
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

  @Post(':id/cancel')
  @ApiOperation({
    summary: 'Cancel a job',
    description:
      'At once when it waits; when it runs its worker is asked, and `cancelRequested` is true until it stops.',
  })
  @HttpCode(202)
  @ApiProblems(NOT_FOUND, JOB_NOT_CANCELLABLE)
  @RequirePermission('jobs:write')
  @Idempotent('required')
  @ApiAcceptedResponse({ type: JobResponse })
  cancel(@UuidParam('id') id: string): Promise<JobResponse> {
    return this.jobs.cancel(id);
  }

  @Post(':id/retry')
  @ApiOperation({
    summary: 'Run a job again',
    description: 'One that is failed, dead or cancelled, with as many attempts as a new one has.',
  })
  @HttpCode(202)
  @ApiProblems(NOT_FOUND, JOB_NOT_RETRYABLE, UNKNOWN_JOB_KIND)
  @RequirePermission('jobs:write')
  @Idempotent('required')
  @ApiAcceptedResponse({ type: JobResponse })
  retry(@UuidParam('id') id: string): Promise<JobResponse> {
    return this.jobs.retry(id);
  }
}
