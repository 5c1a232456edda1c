import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import {
  AMOUNT_OUT_OF_RANGE,
  AMOUNT_PRECISION,
  ApiIfMatch,
  ApiProblems,
  CONFLICT,
  ETAG_HEADER,
  expectedVersion,
  Idempotent,
  JobResponse,
  LEDGER_NOT_FOUND,
  PageQuery,
  PRECONDITION_FAILED,
  PRECONDITION_REQUIRED,
  RequirePermission,
  setEtag,
  UNKNOWN_CURRENCY,
  UuidParam,
} from 'daybook';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  CreateInvoiceRequest,
  InvoicePage,
  InvoiceResponse,
  PayInvoiceRequest,
  UpdateInvoiceRequest,
} from './dto/invoice.dto';
import { INVOICE_NOT_FOUND, INVOICE_PAID } from './invoices.errors';
import { InvoicesService } from './invoices.service';

@ApiTags('Invoices')
@Controller('invoices')
export class InvoicesController {
  constructor(private readonly invoices: InvoicesService) {}

  @Post()
  @ApiOperation({ summary: 'Create an invoice', description: 'It belongs to the caller’s tenant.' })
  @ApiCreatedResponse({ type: InvoiceResponse, headers: ETAG_HEADER })
  @ApiProblems(CONFLICT, UNKNOWN_CURRENCY, AMOUNT_PRECISION, AMOUNT_OUT_OF_RANGE)
  @Idempotent('required')
  @RequirePermission('invoices:write')
  async create(
    @Body() request: CreateInvoiceRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<InvoiceResponse> {
    const invoice = await this.invoices.create(request);
    reply.header('location', `/v1/invoices/${invoice.id}`);
    setEtag(reply, invoice.version);
    return this.invoices.responseOf(invoice);
  }

  @Get()
  @ApiOperation({ summary: 'List invoices', description: 'Oldest first.' })
  @ApiOkResponse({ type: InvoicePage })
  @ApiProblems()
  @RequirePermission('invoices:read')
  list(@Query() query: PageQuery): Promise<InvoicePage> {
    return this.invoices.list(query);
  }

  @Get(':invoiceId')
  @ApiOperation({ summary: 'Read an invoice', description: 'The ETag is what a change asks for in If-Match.' })
  @ApiOkResponse({ type: InvoiceResponse, headers: ETAG_HEADER })
  @ApiProblems(INVOICE_NOT_FOUND)
  @RequirePermission('invoices:read')
  async get(
    @UuidParam('invoiceId') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<InvoiceResponse> {
    const invoice = await this.invoices.get(id);
    setEtag(reply, invoice.version);
    return this.invoices.responseOf(invoice);
  }

  @Patch(':invoiceId')
  @ApiOperation({ summary: 'Change an invoice', description: 'Fields that are not sent stay as they are.' })
  @ApiIfMatch()
  @ApiOkResponse({ type: InvoiceResponse, headers: ETAG_HEADER })
  @ApiProblems(
    INVOICE_NOT_FOUND,
    INVOICE_PAID,
    CONFLICT,
    UNKNOWN_CURRENCY,
    AMOUNT_PRECISION,
    AMOUNT_OUT_OF_RANGE,
    PRECONDITION_FAILED,
    PRECONDITION_REQUIRED,
  )
  @RequirePermission('invoices:write')
  async update(
    @UuidParam('invoiceId') id: string,
    @Body() change: UpdateInvoiceRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<InvoiceResponse> {
    const invoice = await this.invoices.update(id, expectedVersion(request), change);
    setEtag(reply, invoice.version);
    return this.invoices.responseOf(invoice);
  }

  @Post(':invoiceId/pay')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Pay an invoice',
    description: 'A job posts it: the bank’s account is debited, revenue is credited. The answer is the job.',
  })
  @ApiAcceptedResponse({ type: JobResponse })
  @ApiProblems(INVOICE_NOT_FOUND, INVOICE_PAID, LEDGER_NOT_FOUND)
  @Idempotent('required')
  @RequirePermission('invoices:write')
  pay(@UuidParam('invoiceId') id: string, @Body() { ledgerId }: PayInvoiceRequest): Promise<JobResponse> {
    return this.invoices.pay(id, ledgerId);
  }

  @Delete(':invoiceId')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove an invoice', description: 'It is gone for good.' })
  @ApiIfMatch()
  @ApiNoContentResponse({ description: 'Removed.' })
  @ApiProblems(INVOICE_NOT_FOUND, INVOICE_PAID, PRECONDITION_FAILED, PRECONDITION_REQUIRED)
  @RequirePermission('invoices:write')
  remove(@UuidParam('invoiceId') id: string, @Req() request: FastifyRequest): Promise<void> {
    return this.invoices.remove(id, expectedVersion(request));
  }
}
