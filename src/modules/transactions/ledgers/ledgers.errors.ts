import { defineProblem } from '../../../common/problems/problem';

export const LEDGER_NOT_FOUND = defineProblem({
  code: 'ledger-not-found',
  status: 404,
  title: 'Ledger not found',
  description: 'This tenant has no ledger with the id.',
  remedy: 'List the ledgers with GET /v1/ledgers.',
});
export const LEDGER_CLOSED = defineProblem({
  code: 'ledger-closed',
  status: 422,
  title: 'The ledger is closed',
  description: 'A closed ledger takes no transactions, accounts or imports.',
  remedy: 'Open it again with PATCH /v1/ledgers/{id} {"status":"open"}, or use another.',
});
export const CURRENCY_RESERVED = defineProblem({
  code: 'currency-reserved',
  status: 422,
  title: 'The code belongs to ISO 4217',
  description: 'ISO 4217 codes have their own scale and cannot be defined anew.',
  remedy: 'Choose another code; ISO currencies need no definition.',
});
