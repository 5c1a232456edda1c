import { Controller, Get, Param, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiParam, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { preferredType } from '../../common/http/accept';
import { NOT_ACCEPTABLE, NOT_FOUND } from '../../common/problems/http.problems';
import { exampleDocument, Problem, problemCatalogue, type ProblemType } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { ApiProblems } from '../../platform/http/api-problems';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { Public } from '../../platform/security/access.decorators';
import { ProblemTypeList, ProblemTypeResponse } from './dto/problem-type.dto';
import { PAGE_SECURITY_POLICY, problemPage, problemsPage } from './problem-pages';

// programs say what they want or nothing at all; browsers ask for HTML by name
const OFFERED = ['application/json', 'text/html'] as const;

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

/** @throws Problem `not-acceptable` */
function negotiate(request: FastifyRequest, reply: FastifyReply): (typeof OFFERED)[number] {
  reply.header('vary', [reply.getHeader('vary') ?? [], 'Accept'].flat().join(', '));
  const type = preferredType(request.headers.accept, OFFERED);
  if (!type) throw new Problem(NOT_ACCEPTABLE, `This is available as ${OFFERED.join(' and ')}.`);
  reply.header('cache-control', 'public, max-age=3600').type(`${type}; charset=utf-8`);
  if (type === 'text/html') reply.header('content-security-policy', PAGE_SECURITY_POLICY);
  return type;
}
