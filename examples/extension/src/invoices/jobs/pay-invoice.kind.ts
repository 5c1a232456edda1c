import { ApiProperty } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { CurrenciesService, type JobContext, type JobHandler, JobKind, Ledger, TenantDatabase } from 'daybook';
import { InvoicesService, PAY_INVOICE_JOB } from '../invoices.service';

export class PayInvoicePayload {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b05' })
  @IsUUID()
  invoiceId: string;
}

/** Posts the payment of an invoice. The posting and the invoice's being paid are one commit; run again it posts nothing twice. */
@JobKind({ name: PAY_INVOICE_JOB, description: 'Posts the payment of an invoice.', payload: PayInvoicePayload })
export class PayInvoiceKind implements JobHandler<PayInvoicePayload> {
  constructor(
    private readonly database: TenantDatabase,
    private readonly invoices: InvoicesService,
    private readonly currencies: CurrenciesService,
    private readonly ledger: Ledger,
  ) {}

  async run({ tenantId, signal }: JobContext, { invoiceId }: PayInvoicePayload): Promise<{ transactionId: string }> {
    const { number, ledgerId, amount, currency } = await this.database.run(tenantId, 'read', async () => {
      const invoice = await this.invoices.get(invoiceId);
      const money = await this.currencies.moneyWriter([invoice.totalCurrency]);
      const total = money({ amount: invoice.totalAmount, currency: invoice.totalCurrency });
      return { ...total, number: invoice.number, ledgerId: invoice.ledgerId };
    });
    if (ledgerId === null) throw new Error('nobody asked for this invoice to be paid');
    const { transaction } = await this.ledger.post(
      ledgerId,
      {
        reference: `invoice ${number}`,
        entries: [
          { account: 'assets:bank', direction: 'debit', amount, currency },
          { account: 'revenue:invoices', direction: 'credit', amount, currency },
        ],
      },
      { key: `invoice ${invoiceId} paid`, signal, together: ({ id }) => this.invoices.paid(invoiceId, id) },
    );
    return { transactionId: transaction.id };
  }
}
