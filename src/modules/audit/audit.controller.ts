import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { INVALID_CURSOR } from '../../common/problems/http.problems';
import { ApiProblems } from '../../platform/http/api-problems';
import { SnapshotStreams } from '../../platform/http/snapshot-streams';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { CurrentTenant, RequirePermission } from '../../platform/security/access.decorators';
import { AuditRecordsService } from './audit-records.service';
import { AuditFilter, AuditQuery, AuditRecordPage } from './dto/audit-record.dto';

@ApiTags('Audit')
@Controller('audit-records')
export class AuditController {
  constructor(
    private readonly records: AuditRecordsService,
    private readonly streams: SnapshotStreams,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List what was done in the tenant',
    description:
      'Newest first: one record per change through the API, sign-in and refusal, with who, from where and what. Postings are recorded by the ledger itself (`createdBy` of a transaction, in its hash chain). Nothing of it is ever changed.',
  })
  @ApiOkResponse({ type: AuditRecordPage })
  @ApiProblems(INVALID_CURSOR)
  @RequirePermission('audit:read')
  list(@Query() query: AuditQuery): Promise<AuditRecordPage> {
    return this.records.list(query);
  }

  @Get('export')
  @ApiOperation({
    summary: 'Export the record',
    description: 'Oldest first, all of one moment: `application/x-ndjson`, a record per line as the list has it.',
  })
  @ApiOkResponse({
    description: 'The records.',
    content: { 'application/x-ndjson': { schema: { type: 'string' } } },
  })
  @ApiProblems()
  @RequirePermission('audit:read')
  @WithoutTransaction()
  async export(
    @CurrentTenant() tenantId: string,
    @Query() filter: AuditFilter,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const lines = this.streams.start(tenantId, () => this.records.lines(filter));
    await reply
      .header('content-disposition', 'attachment; filename="audit-records.ndjson"')
      .type('application/x-ndjson')
      .send(lines);
  }
}
