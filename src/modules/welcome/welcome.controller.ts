import { Controller, Get, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { NOT_ACCEPTABLE } from '../../common/problems/http.problems';
import { Config } from '../../config/config';
import { ApiProblems } from '../../platform/http/api-problems';
import { negotiate } from '../../platform/http/pages/negotiate';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { Public } from '../../platform/security/access.decorators';
import { WelcomeResponse } from './dto/welcome.dto';
import { welcomePage } from './welcome-page';

/** For whoever comes by the address alone. It says nothing that a stranger should not see: no version, no names. */
@ApiTags('Operations')
@ApiExtraModels(WelcomeResponse)
@Controller({ version: VERSION_NEUTRAL })
@WithoutTransaction()
export class WelcomeController {
  constructor(private readonly config: Config) {}

  @Get()
  @ApiOperation({
    summary: 'See what this is',
    description: 'And where to go on, as a page for people or as JSON, by Accept.',
  })
  @ApiOkResponse({
    content: {
      'application/json': { schema: { $ref: getSchemaPath(WelcomeResponse) } },
      'text/html': { schema: { type: 'string' } },
    },
  })
  @ApiProblems(NOT_ACCEPTABLE)
  @Public()
  welcome(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): WelcomeResponse | string {
    const welcome = this.describe();
    return negotiate(request, reply) === 'text/html' ? welcomePage(welcome) : welcome;
  }

  private describe(): WelcomeResponse {
    const { publicUrl, apiDocs } = this.config.http;
    return {
      name: 'Daybook',
      description: 'Double-entry ledgers for products that move money.',
      links: {
        ...(apiDocs
          ? { reference: `${publicUrl}/reference`, docs: `${publicUrl}/docs`, openapi: `${publicUrl}/openapi.json` }
          : {}),
        problems: `${publicUrl}/problems`,
        ready: `${publicUrl}/health/ready`,
        signIn: `${publicUrl}/v1/auth/sign-in`,
      },
    };
  }
}
