import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  IDEMPOTENCY_KEY_REUSED,
  PAYLOAD_TOO_LARGE,
  UNSUPPORTED_MEDIA_TYPE,
  UPLOAD_BROKEN,
} from '../../common/problems/http.problems';
import { type ProblemDocument } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { ApiProblems } from '../../platform/http/api-problems';
import { Idempotent } from '../../platform/http/idempotency/idempotency.decorators';
import { PageQuery } from '../../platform/http/pagination/page.dto';
import { StoredProblem } from '../../platform/http/problem.filter';
import { idempotencyKeyOf, WithoutTransaction } from '../../platform/http/unit-of-work.interceptor';
import { FILE_REQUEST_BODY, FileBody } from '../../platform/http/upload/file-body';
import { Upload } from '../../platform/http/upload/upload';
import { UuidParam } from '../../platform/http/uuid-param';
import { CurrentPrincipal, CurrentTenant, RequirePermission } from '../../platform/security/access.decorators';
import { type Principal } from '../../platform/security/principal';
import { LEDGER_CLOSED, LEDGER_NOT_FOUND } from '../transactions';
import { IMPORT_INVALID, IMPORT_NOT_FOUND } from './books.errors';
import { optionsIn } from './dto/import-options.dto';
import { ImportPage, ImportPreviewResponse, ImportUploadQuery, ImportWithJobResponse } from './dto/import.dto';
import { ImportsService } from './imports.service';

@ApiTags('Imports and exports')
@Controller('ledgers/:ledgerId/imports')
export class ImportsController {
  constructor(
    private readonly config: Config,
    private readonly imports: ImportsService,
  ) {}

  @Post()
  @ApiProblems(
    LEDGER_NOT_FOUND,
    LEDGER_CLOSED,
    IMPORT_INVALID,
    UPLOAD_BROKEN,
    PAYLOAD_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    IDEMPOTENCY_KEY_REUSED,
  )
  @RequirePermission('imports:write')
  @Idempotent('optional')
  @WithoutTransaction()
  @FileBody()
  @ApiOperation({
    summary: 'Import a book',
    requestBody: FILE_REQUEST_BODY,
    description:
      'A CSV file in UTF-8 with the columns `transaction,date,description,account,currency,amount`: one row per entry; an amount above zero debits the account, one below credits it. Rows of one transaction stand together and have the same number, date and description; the numbers ascend. Accounts and currencies that are missing are made: an account gets its type from the first segment of its code (Assets, Liabilities, Equity, Income, Revenue, Expenses), a currency that is not of ISO 4217 as many decimals as the file has at the most. A job checks the whole file before anything is posted; every error is reported with its line. The same file sent to the same ledger again changes nothing. Files of other programs: the parameters say how they are written, and `dryRun=true` shows how the first rows are understood.',
  })
  @ApiAcceptedResponse({ type: ImportWithJobResponse })
  @ApiOkResponse({ type: ImportPreviewResponse, description: 'Of a dry run.' })
  async create(
    @UuidParam('ledgerId') ledgerId: string,
    @Query() query: ImportUploadQuery,
    @CurrentPrincipal() { id: userId }: Principal,
    @CurrentTenant() tenantId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ImportWithJobResponse | ImportPreviewResponse> {
    const upload = new Upload(request, this.config.http.importLimit);
    const options = optionsIn(query);
    if (query.dryRun === 'true') {
      reply.status(200);
      return this.imports.preview(tenantId, ledgerId, options, upload);
    }
    const { fileName } = query;
    const key = idempotencyKeyOf(request, 'required');
    const operation = `${request.method} ${request.routeOptions.url ?? ''}`;
    const { status, headers, body, replayed } = await this.imports.accept(
      { tenantId, userId, ledgerId, operation, key, fileName, options },
      upload,
    );
    if (replayed) reply.header('idempotent-replayed', 'true');
    if (status >= 400) throw new StoredProblem(status, body as ProblemDocument, headers);
    reply.status(status).headers(headers);
    return body as ImportWithJobResponse;
  }

  @Get()
  @ApiProblems(LEDGER_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({ summary: 'List imports', description: 'Newest first.' })
  @ApiOkResponse({ type: ImportPage })
  list(@UuidParam('ledgerId') ledgerId: string, @Query() query: PageQuery): Promise<ImportPage> {
    return this.imports.list(ledgerId, query);
  }

  @Get(':importId')
  @ApiProblems(IMPORT_NOT_FOUND)
  @RequirePermission('transactions:read')
  @ApiOperation({
    summary: 'Read an import',
    description:
      'With its job: `job.progress` while it runs, `job.result` with the counts when it succeeded, `job.error` with `errors` by line when the file was refused.',
  })
  @ApiOkResponse({ type: ImportWithJobResponse })
  get(@UuidParam('ledgerId') ledgerId: string, @UuidParam('importId') id: string): Promise<ImportWithJobResponse> {
    return this.imports.get(ledgerId, id);
  }
}
