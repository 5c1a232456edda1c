import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  CurrenciesService,
  CursorService,
  type JobResponse,
  JobsService,
  LedgersService,
  type Page,
  type PageQuery,
  type PageStart,
  Problem,
  TENANT_NOW,
  uuidv7,
  versionMismatch,
} from 'daybook';
import { LessThan, MoreThan, Repository } from 'typeorm';
import { type CreateInvoiceRequest, InvoiceResponse, type UpdateInvoiceRequest } from './dto/invoice.dto';
import { Invoice } from './entities/invoice.entity';
import { INVOICE_NOT_FOUND, INVOICE_PAID } from './invoices.errors';

/** The name of the job that posts a payment. */
export const PAY_INVOICE_JOB = 'invoices.pay';

/** The tenant’s invoices, in the caller’s transaction. */
@Injectable()
export class InvoicesService {
  constructor(
    @InjectRepository(Invoice) private readonly invoices: Repository<Invoice>,
    private readonly cursors: CursorService,
    private readonly currencies: CurrenciesService,
    private readonly ledgers: LedgersService,
    private readonly jobs: JobsService,
  ) {}

  /** What is unique and taken is answered 409: the key names its field. */
  async create(request: CreateInvoiceRequest): Promise<Invoice> {
    const id = uuidv7();
    await this.invoices.insert({ id, ...(await this.columnsOf(request)) });
    return this.get(id);
  }

  /** @throws Problem `invoice-not-found` */
  async get(id: string): Promise<Invoice> {
    const invoice = await this.invoices.findOneBy({ id });
    if (!invoice) throw new Problem(INVOICE_NOT_FOUND, 'This tenant has no invoice with this id.');
    return invoice;
  }

  /**
   * @param expected the version that the caller saw
   * @throws Problem `invoice-not-found`, `invoice-paid`, `precondition-failed`
   */
  async update(id: string, expected: number | '*', change: UpdateInvoiceRequest): Promise<Invoice> {
    const { version } = await this.changeable(id, expected);
    const { affected } = await this.invoices.update(
      { id, version },
      { ...(await this.columnsOf(change)), version: version + 1, updatedAt: TENANT_NOW },
    );
    if (affected !== 1) throw versionMismatch();
    return this.get(id);
  }

  /** @throws Problem `invoice-not-found`, `invoice-paid`, `precondition-failed` */
  async remove(id: string, expected: number | '*'): Promise<void> {
    const { version } = await this.changeable(id, expected);
    const { affected } = await this.invoices.delete({ id, version });
    if (affected !== 1) throw versionMismatch();
  }

  /** Oldest first: ids are UUIDv7, so they are in the order of time. */
  async list(query: PageQuery): Promise<Page<InvoiceResponse>> {
    const { items, ...page } = await this.cursors.page(
      'invoices',
      query,
      {},
      (start) => this.read(start),
      ({ id }) => [id],
      (invoice) => invoice,
    );
    return { ...page, items: await this.responsesOf(items) };
  }

  /** With amounts in the decimals of their currencies. */
  async responsesOf(rows: readonly Invoice[]): Promise<InvoiceResponse[]> {
    const money = await this.currencies.moneyWriter(rows.flatMap((row) => [row.totalCurrency].flat()));
    return rows.map((row) => InvoiceResponse.of(row, money));
  }

  async responseOf(invoice: Invoice): Promise<InvoiceResponse> {
    const [response] = await this.responsesOf([invoice]);
    return response as InvoiceResponse;
  }

  /**
   * Asks for its payment: the invoice and the job that posts it are one commit.
   * @throws Problem `invoice-not-found`, `invoice-paid`, `ledger-not-found`
   */
  async pay(id: string, ledgerId: string): Promise<JobResponse> {
    const { version } = await this.changeable(id, '*');
    await this.ledgers.get(ledgerId);
    const job = await this.jobs.enqueue(PAY_INVOICE_JOB, { invoiceId: id });
    const { affected } = await this.invoices.update({ id, version }, { ledgerId, jobId: job.id, version: version + 1, updatedAt: TENANT_NOW });
    if (affected !== 1) throw versionMismatch();
    return job;
  }

  /** Called in the transaction that posts the payment. */
  async paid(id: string, transactionId: string): Promise<void> {
    await this.invoices.update({ id }, { transactionId, version: () => 'version + 1', updatedAt: TENANT_NOW });
  }

  private read({ direction, key, limit }: PageStart): Promise<Invoice[]> {
    const forward = direction === 'next';
    return this.invoices.find({
      where: key?.[0] === undefined ? {} : { id: forward ? MoreThan(key[0]) : LessThan(key[0]) },
      order: { id: forward ? 'ASC' : 'DESC' },
      take: limit + 1,
    });
  }

  private async changeable(id: string, expected: number | '*'): Promise<Invoice> {
    const invoice = await this.get(id);
    if (expected !== '*' && expected !== invoice.version) throw versionMismatch();
    if (invoice.jobId !== null) throw new Problem(INVOICE_PAID, 'This invoice is paid, or about to be.');
    return invoice;
  }

  /** What the request says, as it is kept. @throws Problem `unknown-currency`, `amount-precision`, `amount-out-of-range` */
  private async columnsOf({ total, ...plain }: UpdateInvoiceRequest) {
    const totalStored = total && (await this.currencies.storedMoney(total, '/total'));
    return {
      ...plain,
      ...(totalStored && { totalAmount: totalStored.amount, totalCurrency: totalStored.currency }),
    };
  }
}
