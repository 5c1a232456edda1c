import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { ApiProblems } from '../../platform/http/api-problems';
import { WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { UuidParam } from '../../platform/http/uuid-param';
import { CurrentTenant, RequirePermission } from '../../platform/security/access.decorators';
import { AsOfQuery, LEDGER_NOT_FOUND } from '../transactions';
import { CsvExportQuery } from './dto/export.dto';
import { type ExportFormat, ExportsService } from './exports.service';

const WHOLE =
  'All of it from one moment. It is streamed: an answer that ends without its last chunk is not whole, and clients report it as broken.';
const FILE = { schema: { type: 'string', format: 'binary' } } as const;

@ApiTags('Imports and exports')
@Controller('ledgers/:ledgerId/exports')
export class ExportsController {
  constructor(private readonly exports: ExportsService) {}

  @Get('journal')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('exports:read')
  @WithoutTransaction()
  @ApiOperation({
    summary: 'Export as a journal',
    description: `For hledger, Ledger and other tools of plain text accounting. ${WHOLE}`,
  })
  @ApiProduces('text/plain')
  @ApiOkResponse(FILE)
  journal(
    @UuidParam('ledgerId') ledgerId: string,
    @Query() query: AsOfQuery,
    @CurrentTenant() tenantId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.send(reply, tenantId, ledgerId, 'journal', query);
  }

  @Get('csv')
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('exports:read')
  @WithoutTransaction()
  @ApiOperation({
    summary: 'Export as CSV',
    description: `With the columns that an import takes: imported into an empty ledger it gives the same balances. No text in it is calculated by a spreadsheet. ${WHOLE}`,
  })
  @ApiProduces('text/csv')
  @ApiOkResponse(FILE)
  csv(
    @UuidParam('ledgerId') ledgerId: string,
    @Query() query: CsvExportQuery,
    @CurrentTenant() tenantId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.send(reply, tenantId, ledgerId, 'csv', query);
  }

  private async send(
    reply: FastifyReply,
    tenantId: string,
    ledgerId: string,
    format: ExportFormat,
    query: CsvExportQuery,
  ): Promise<void> {
    const text = await this.exports.start(tenantId, ledgerId, format, query);
    void reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'text/plain; charset=utf-8')
      .header('content-disposition', `attachment; filename="ledger-${ledgerId}.${format}"`)
      .send(text);
  }
}
