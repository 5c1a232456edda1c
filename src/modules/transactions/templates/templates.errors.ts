import { defineProblem } from '../../../common/problems/problem';

export const TRANSACTION_TEMPLATE_NOT_FOUND = defineProblem({
  code: 'transaction-template-not-found',
  status: 404,
  title: 'Transaction template not found',
  description: 'The ledger has no transaction template of the name, or the template has no such version.',
  remedy: 'List the templates with GET /v1/ledgers/{id}/transaction-templates.',
});
export const TRANSACTION_TEMPLATE_RETIRED = defineProblem({
  code: 'transaction-template-retired',
  status: 422,
  title: 'The transaction template is retired',
  description: 'Nothing is posted by a retired template. It stays readable, because transactions name it.',
  remedy: 'Use another template, or write its next version with PUT, which brings the name back.',
});
export const ACCOUNT_TEMPLATE_NOT_FOUND = defineProblem({
  code: 'account-template-not-found',
  status: 404,
  title: 'Account template not found',
  description: 'The ledger has no account template with the id.',
  remedy: 'List the templates with GET /v1/ledgers/{id}/account-templates.',
});
