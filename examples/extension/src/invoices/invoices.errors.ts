import { defineProblem } from 'daybook';

export const INVOICE_PAID = defineProblem({
  code: 'invoice-paid',
  status: 409,
  title: 'The invoice is paid, or about to be',
  description: 'An invoice is paid once; from then on it is neither changed nor removed.',
  remedy: 'Read the invoice: it names the transaction. To take the payment back, reverse that.',
});
export const INVOICE_NOT_FOUND = defineProblem({
  code: 'invoice-not-found',
  status: 404,
  title: 'Invoice not found',
  description: 'This tenant has no invoice with the id.',
  remedy: 'List the invoices with GET /v1/invoices.',
});
