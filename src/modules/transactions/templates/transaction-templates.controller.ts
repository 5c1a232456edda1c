import { Body, Controller, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED } from '../../../common/problems/http.problems';
import { ApiProblems } from '../../../platform/http/api-problems';
import { ApiIfMatch, expectedVersion, setEtag } from '../../../platform/http/concurrency/etag';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { PageQuery } from '../../../platform/http/pagination/page.dto';
import { InTransaction } from '../../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../../platform/http/uuid-param';
import { CurrentPrincipal, RequirePermission } from '../../../platform/security/access.decorators';
import { type Principal } from '../../../platform/security/principal';
import { TemplateVersionRequest } from './template-definition.dto';
import {
  CreateTransactionTemplateRequest,
  ExpandedTemplateResponse,
  ExpandTemplateRequest,
  TransactionTemplatePage,
  TransactionTemplateResponse,
} from './transaction-template.dto';
import { TransactionTemplatesService, type WrittenTemplate } from './transaction-templates.service';
import { TEMPLATE_INVALID, TEMPLATE_PARAMETERS_INVALID, UNBALANCED } from '../core/refusals.errors';
import { LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { TRANSACTION_TEMPLATE_NOT_FOUND, TRANSACTION_TEMPLATE_RETIRED } from './templates.errors';

const NAME_PARAM = { name: 'name', example: 'card-payment' } as const;

@ApiTags('Transaction templates')
@Controller('ledgers/:ledgerId/transaction-templates')
export class TransactionTemplatesController {
  constructor(private readonly templates: TransactionTemplatesService) {}

  @Post()
  @ApiProblems(LEDGER_NOT_FOUND, CONFLICT, TEMPLATE_INVALID)
  @RequirePermission('ledgers:write')
  @Idempotent('required')
  @ApiOperation({
    summary: 'Create a transaction template',
    description:
      'Version 1 of a name. What can be seen to be wrong is refused: parameters that are not there, shares that do not sum to their whole, entries that cannot balance.',
  })
  @ApiCreatedResponse({ type: TransactionTemplateResponse })
  async create(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() request: CreateTransactionTemplateRequest,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionTemplateResponse> {
    const written = await this.templates.create(ledgerId, principal.id, request);
    reply.header('location', `/v1/ledgers/${ledgerId}/transaction-templates/${request.name}`);
    return answer(reply, written);
  }

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    summary: 'List transaction templates',
    description: 'The latest version of each, by name; retired ones too.',
  })
  @ApiOkResponse({ type: TransactionTemplatePage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: PageQuery): Promise<TransactionTemplatePage> {
    return this.templates.list(ledgerId, query);
  }

  @Get(':name')
  @ApiProblems(TRANSACTION_TEMPLATE_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    summary: 'Read a transaction template',
    description:
      'By name its latest version; by id, which transactions have as `templateId`, that one. The ETag is what the next version asks for in If-Match.',
  })
  @ApiParam(NAME_PARAM)
  @ApiOkResponse({ type: TransactionTemplateResponse })
  async get(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionTemplateResponse> {
    return answer(reply, await this.templates.find(ledgerId, name));
  }

  @Put(':name')
  @ApiProblems(TRANSACTION_TEMPLATE_NOT_FOUND, TEMPLATE_INVALID, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('ledgers:write')
  @ApiIfMatch()
  @ApiOperation({
    summary: 'Write the next version',
    description:
      'Versions never change: this adds one, which is used from now on where no version is named. A retired template comes back with it.',
  })
  @ApiParam(NAME_PARAM)
  @ApiOkResponse({ type: TransactionTemplateResponse })
  async revise(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('name') name: string,
    @Body() body: TemplateVersionRequest,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionTemplateResponse> {
    const expected = expectedVersion(request);
    return answer(reply, await this.templates.revise(ledgerId, name, expected, principal.id, body));
  }

  @Post(':name/retire')
  @HttpCode(200)
  @ApiProblems(TRANSACTION_TEMPLATE_NOT_FOUND)
  @RequirePermission('ledgers:write')
  @Idempotent('required')
  @ApiOperation({
    summary: 'Retire a transaction template',
    description:
      'Nothing is posted by any of its versions from now on. They stay readable, because transactions name them.',
  })
  @ApiParam(NAME_PARAM)
  @ApiOkResponse({ type: TransactionTemplateResponse })
  async retire(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransactionTemplateResponse> {
    return answer(reply, await this.templates.retire(ledgerId, name));
  }

  @Post(':name/expand')
  @HttpCode(200)
  @ApiProblems(TRANSACTION_TEMPLATE_NOT_FOUND, TRANSACTION_TEMPLATE_RETIRED, TEMPLATE_PARAMETERS_INVALID, UNBALANCED)
  @RequirePermission('transactions:read')
  @Idempotent('none')
  @InTransaction('read')
  @ApiOperation({
    summary: 'Try a transaction template out',
    description:
      'The entries that it makes for these parameters. Nothing is posted; accounts and limits are not looked at.',
  })
  @ApiParam(NAME_PARAM)
  @ApiOkResponse({ type: ExpandedTemplateResponse })
  async expand(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('name') name: string,
    @Body() { version, parameters }: ExpandTemplateRequest,
  ): Promise<ExpandedTemplateResponse> {
    const { used, expansion } = await this.templates.expand(ledgerId, name, version, parameters);
    return ExpandedTemplateResponse.of(used, expansion);
  }

  @Get(':name/versions')
  @ApiProblems(TRANSACTION_TEMPLATE_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'List the versions of a template', description: 'Newest first.' })
  @ApiParam(NAME_PARAM)
  @ApiOkResponse({ type: TransactionTemplatePage })
  listVersions(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('name') name: string,
    @Query() query: PageQuery,
  ): Promise<TransactionTemplatePage> {
    return this.templates.listVersions(ledgerId, name, query);
  }

  @Get(':name/versions/:version')
  @ApiProblems(TRANSACTION_TEMPLATE_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    summary: 'Read a version of a template',
    description: 'What a transaction that names it was made from.',
  })
  @ApiParam(NAME_PARAM)
  @ApiParam({ name: 'version', schema: { type: 'integer', minimum: 1 }, example: 1 })
  @ApiOkResponse({ type: TransactionTemplateResponse })
  async getVersion(
    @UuidParam('ledgerId') ledgerId: string,
    @Param('name') name: string,
    @Param('version') version: string,
  ): Promise<TransactionTemplateResponse> {
    // what cannot be a version is answered like one that is not there
    const number = /^[1-9]\d{0,8}$/.test(version) ? Number(version) : 0;
    const written = await this.templates.get(ledgerId, name, number);
    return TransactionTemplateResponse.of(written.template, written.version);
  }
}

function answer(reply: FastifyReply, { template, version }: WrittenTemplate): TransactionTemplateResponse {
  setEtag(reply, template.version);
  return TransactionTemplateResponse.of(template, version);
}
