import { Controller, Get, Param, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiParam, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { NOT_ACCEPTABLE, NOT_FOUND } from '../../common/problems/http.problems';
import { exampleDocument, Problem, problemCatalogue, type ProblemType } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { ApiProblems } from '../../platform/http/api-problems';
import { negotiate } from '../../platform/http/pages/negotiate';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { Public } from '../../platform/security/access.decorators';
import { ProblemTypeList, ProblemTypeResponse } from './dto/problem-type.dto';
import { problemPage, problemsPage } from './problem-pages';

const JSON_AND_HTML = (model: typeof ProblemTypeResponse | typeof ProblemTypeList) => ({
  'application/json': { schema: { $ref: getSchemaPath(model) } },
  'text/html': { schema: { type: 'string' } },
});

/** The pages that the `type` of a problem document leads to. */
@ApiTags('Operations')
@ApiExtraModels(ProblemTypeList, ProblemTypeResponse)
@Controller({ path: 'problems', version: VERSION_NEUTRAL })
@WithoutTransaction()
export class ProblemsController {
  constructor(private readonly config: Config) {}

  @Get()
  @ApiOperation({
    summary: 'List the types of problem',
    description: 'All that any operation can answer, as a page for people or as JSON, by Accept.',
  })
  @ApiOkResponse({ content: JSON_AND_HTML(ProblemTypeList) })
  @ApiProblems(NOT_ACCEPTABLE)
  @Public()
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): ProblemTypeList | string {
    const items = problemCatalogue().map((type) => this.describe(type));
    return negotiate(request, reply) === 'text/html' ? problemsPage(items) : { items };
  }

  @Get(':code')
  @ApiOperation({
    summary: 'Read about a type of problem',
    description: 'What happened and how to mend it, as a page for people or as JSON, by Accept.',
  })
  @ApiParam({ name: 'code', description: 'What `code` of the problem document says.', example: 'unbalanced' })
  @ApiOkResponse({ content: JSON_AND_HTML(ProblemTypeResponse) })
  @ApiProblems(NOT_FOUND, NOT_ACCEPTABLE)
  @Public()
  get(
    @Param('code') code: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): ProblemTypeResponse | string {
    const type = problemCatalogue().find((candidate) => candidate.code === code);
    if (!type) throw new Problem(NOT_FOUND, 'There is no problem with this code.');
    const described = this.describe(type);
    return negotiate(request, reply) === 'text/html' ? problemPage(described) : described;
  }

  private describe(type: ProblemType): ProblemTypeResponse {
    const example = exampleDocument(type, this.config.http.publicUrl);
    const { code, status, title, description, remedy } = type;
    return { code, type: example.type, status, title, description, remedy, example };
  }
}
