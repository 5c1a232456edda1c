import { Body, Controller, Get, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED } from '../../../common/problems/http.problems';
import { ApiProblems } from '../../../platform/http/api-problems';
import { expectedVersion, setEtag } from '../../../platform/http/concurrency/etag';
import { Idempotent } from '../../../platform/http/idempotency/idempotency.decorators';
import { PageQuery } from '../../../platform/http/pagination/page.dto';
import { UuidParam } from '../../../platform/http/uuid-param';
import { RequirePermission } from '../../../platform/security/access.decorators';
import { CreateLedgerRequest, LedgerPage, LedgerResponse, UpdateLedgerRequest } from './ledger.dto';
import { LedgersService } from './ledgers.service';
import { LEDGER_NOT_FOUND } from './ledgers.errors';

@ApiTags('Ledgers')
@Controller('ledgers')
export class LedgersController {
  constructor(private readonly ledgers: LedgersService) {}

  @Post()
  @ApiProblems(CONFLICT)
  @RequirePermission('ledgers:write')
  @Idempotent('required')
  @ApiOperation({
    summary: 'Create a ledger',
    description: 'A ledger is a book: accounts and transactions that belong together.',
  })
  @ApiCreatedResponse({ type: LedgerResponse })
  async create(
    @Body() request: CreateLedgerRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LedgerResponse> {
    const ledger = await this.ledgers.create(request);
    reply.header('location', `/v1/ledgers/${ledger.id}`);
    setEtag(reply, ledger.version);
    return LedgerResponse.of(ledger);
  }

  @Get()
  @ApiProblems()
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'List ledgers', description: 'Oldest first.' })
  @ApiOkResponse({ type: LedgerPage })
  list(@Query() query: PageQuery): Promise<LedgerPage> {
    return this.ledgers.list(query);
  }

  @Get(':ledgerId')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('ledgers:read')
  @ApiOperation({ summary: 'Read a ledger', description: 'The ETag is what a change asks for in If-Match.' })
  @ApiOkResponse({ type: LedgerResponse })
  async get(
    @UuidParam('ledgerId') ledgerId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LedgerResponse> {
    const ledger = await this.ledgers.get(ledgerId);
    setEtag(reply, ledger.version);
    return LedgerResponse.of(ledger);
  }

  @Patch(':ledgerId')
  @ApiProblems(LEDGER_NOT_FOUND, CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('ledgers:write')
  @ApiOperation({
    summary: 'Change a ledger',
    description: 'Fields that are not sent stay as they are. A closed ledger takes no transactions.',
  })
  @ApiOkResponse({ type: LedgerResponse })
  async update(
    @UuidParam('ledgerId') ledgerId: string,
    @Body() change: UpdateLedgerRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LedgerResponse> {
    const ledger = await this.ledgers.update(ledgerId, expectedVersion(request), change);
    setEtag(reply, ledger.version);
    return LedgerResponse.of(ledger);
  }
}
