import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED } from '../../../common/problems/http.problems';
import { ApiProblems } from '../../../platform/http/api-problems';
import { ApiIfMatch, expectedVersion, setEtag } from '../../../platform/http/concurrency/etag';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { PageQuery } from '../../../platform/http/pagination/page.dto';
import { UuidParam } from '../../../platform/http/uuid-param';
import { RequirePermission } from '../../../platform/security/access.decorators';
import { AccountTemplatesService } from './account-templates.service';
import {
  AccountTemplatePage,
  AccountTemplateResponse,
  CreateAccountTemplateRequest,
  UpdateAccountTemplateRequest,
} from './account-template.dto';
import { type AccountTemplate } from '../entities/account-template.entity';
import { AMOUNT_OUT_OF_RANGE, AMOUNT_PRECISION, UNKNOWN_CURRENCY } from '../core/refusals.errors';
import { LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { ACCOUNT_TEMPLATE_NOT_FOUND } from './templates.errors';

@ApiTags('Account templates')
@Controller('ledgers/:ledgerId/account-templates')
export class AccountTemplatesController {
  constructor(private readonly templates: AccountTemplatesService) {}

  @Post()
  @ApiProblems(LEDGER_NOT_FOUND, CONFLICT, UNKNOWN_CURRENCY, AMOUNT_PRECISION, AMOUNT_OUT_OF_RANGE)
  @RequirePermission('accounts:write')
  @Idempotent('required')
  @ApiOperation({
    summary: 'Create an account template',
    description:
      'What accounts get that are made on their first use, where the ledger makes unknown accounts. Of several templates the one with the most specific pattern counts: segment by segment from the left, a name before `*` before `**`.',
  })
  @ApiCreatedResponse({ type: AccountTemplateResponse })
  async create(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() request: CreateAccountTemplateRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountTemplateResponse> {
    const template = await this.templates.create(ledgerId, request);
    reply.header('location', `/v1/ledgers/${ledgerId}/account-templates/${template.id}`);
    return this.answer(reply, template);
  }

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'List account templates', description: 'By pattern.' })
  @ApiOkResponse({ type: AccountTemplatePage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: PageQuery): Promise<AccountTemplatePage> {
    return this.templates.list(ledgerId, query);
  }

  @Get(':templateId')
  @ApiProblems(ACCOUNT_TEMPLATE_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({
    summary: 'Read an account template',
    description: 'The ETag is what a change asks for in If-Match.',
  })
  @ApiOkResponse({ type: AccountTemplateResponse })
  async get(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('templateId') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountTemplateResponse> {
    return this.answer(reply, await this.templates.get(ledgerId, id));
  }

  @Patch(':templateId')
  @ApiProblems(
    ACCOUNT_TEMPLATE_NOT_FOUND,
    UNKNOWN_CURRENCY,
    AMOUNT_PRECISION,
    AMOUNT_OUT_OF_RANGE,
    PRECONDITION_FAILED,
    PRECONDITION_REQUIRED,
  )
  @RequirePermission('accounts:write')
  @ApiIfMatch()
  @ApiOperation({
    summary: 'Change an account template',
    description:
      'Fields that are not sent stay as they are; `limits` are replaced whole. Accounts that were made from it stay as they are.',
  })
  @ApiOkResponse({ type: AccountTemplateResponse })
  async update(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('templateId') id: string,
    @Body() change: UpdateAccountTemplateRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountTemplateResponse> {
    return this.answer(reply, await this.templates.update(ledgerId, id, expectedVersion(request), change));
  }

  @Delete(':templateId')
  @HttpCode(204)
  @ApiProblems(ACCOUNT_TEMPLATE_NOT_FOUND, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('accounts:write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Remove an account template', description: 'Accounts that were made from it stay.' })
  @ApiNoContentResponse()
  remove(
    @UuidParam('ledgerId') ledgerId: string,
    @UuidParam('templateId') id: string,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    return this.templates.remove(ledgerId, id, expectedVersion(request));
  }

  private async answer(reply: FastifyReply, template: AccountTemplate): Promise<AccountTemplateResponse> {
    const [answer] = await this.templates.answers([template]);
    setEtag(reply, template.version);
    return answer as AccountTemplateResponse;
  }
}
