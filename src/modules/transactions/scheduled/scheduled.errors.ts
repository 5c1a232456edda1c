import { defineProblem } from '../../../common/problems/problem';

export const SCHEDULED_NOT_FOUND = defineProblem({
  code: 'scheduled-transaction-not-found',
  status: 404,
  title: 'Scheduled transaction not found',
  description: 'The ledger has no scheduled transaction with the id.',
  remedy: 'List them with GET /v1/ledgers/{id}/scheduled-transactions.',
});
export const POST_AT_PASSED = defineProblem({
  code: 'post-at-passed',
  status: 422,
  title: 'The time to post is in the past',
  description: 'A transaction is scheduled for a time to come, and a hold expires after it was made.',
  remedy: 'Send a later `postAt`, or post the transaction now with POST …/transactions.',
});
export const SCHEDULED_SETTLED = defineProblem({
  code: 'scheduled-transaction-settled',
  status: 422,
  title: 'It is no longer scheduled',
  description:
    'The scheduled transaction was posted, has failed, was cancelled, or is being posted at this moment. That happens exactly once and is final.',
  remedy: 'Read it to see what became of it; a transaction that was posted can be reversed.',
});
