import { BOOKKEEPERS, EVERYBODY, Feature, JobsModule, TransactionsModule } from 'daybook';
import { Invoice } from './entities/invoice.entity';
import { InvoicesController } from './invoices.controller';
import { InvoicesService } from './invoices.service';
import { PayInvoiceKind } from './jobs/pay-invoice.kind';
import { CountInvoicesKind } from './jobs/count-invoices.kind';
import { Invoices1795863041962 } from './migrations/1795863041962-invoices';

@Feature({
  compatibility: '^0.1.0',
  entities: [Invoice],
  migrations: [Invoices1795863041962],
  permissions: {
    'invoices:read': { description: 'See invoices.', roles: EVERYBODY },
    'invoices:write': { description: 'Make, change and remove invoices.', roles: BOOKKEEPERS },
  },
  tags: { Invoices: 'The invoices of the tenant.' },

  imports: [JobsModule, TransactionsModule],
  controllers: [InvoicesController],
  providers: [InvoicesService, CountInvoicesKind, PayInvoiceKind],
  exports: [InvoicesService],
})
export class InvoicesModule {}
