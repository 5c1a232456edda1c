import { defineProblem } from '../../../common/problems/problem';

export const ACCOUNT_NOT_FOUND = defineProblem({
  code: 'account-not-found',
  status: 404,
  title: 'Account not found',
  description: 'The ledger has no account with the id or code.',
  remedy: 'List the accounts with GET /v1/ledgers/{id}/accounts.',
});
