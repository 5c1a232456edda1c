import { timingSafeEqual, createHash } from 'node:crypto';
import { Controller, Get, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { UNAUTHENTICATED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { ApiProblems } from '../../platform/http/api-problems';
import { ThrottleAs } from '../../platform/http/throttling/throttle.guard';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { Public } from '../../platform/security/access.decorators';
import { Metrics } from '../../platform/telemetry/metrics';
import { LiveResponse, ReadyResponse } from './dto/health.dto';
import { HealthService } from './health.service';

@ApiTags('Operations')
@Controller({ version: VERSION_NEUTRAL })
@WithoutTransaction()
@ThrottleAs('none')
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly metrics: Metrics,
    private readonly config: Config,
  ) {}

  @Get('health/live')
  @ApiOperation({
    summary: 'Is the process alive',
    description: 'A process that does not answer should be restarted.',
  })
  @ApiProblems()
  @Public()
  @ApiOkResponse({ type: LiveResponse })
  live(): LiveResponse {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @ApiOperation({
    summary: 'Is the process ready',
    description: 'Whether it can serve requests. One that cannot should get none, but not be restarted.',
  })
  @ApiProblems()
  @Public()
  @ApiOkResponse({ type: ReadyResponse })
  ready(): Promise<ReadyResponse> {
    return this.health.ready();
  }

  @Get('metrics')
  @ApiOperation({
    summary: 'Metrics',
    description:
      'What the process counts, in the text format of Prometheus. Asks for the metrics token as a bearer token where one is set.',
  })
  @ApiProblems(UNAUTHENTICATED)
  @Public()
  @ApiProduces('text/plain')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' }, example: 'jobs_queue_depth 0\n' } } })
  async scrape(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { metricsToken } = this.config.http;
    if (metricsToken !== undefined && !sameText(request.headers.authorization ?? '', `Bearer ${metricsToken}`))
      throw new Problem(UNAUTHENTICATED, 'Send the metrics token.');
    reply.header('content-type', this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }
}

/** In a time that says nothing about how much of it is right. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
