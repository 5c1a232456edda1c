import { defineProblem } from '../../../common/problems/problem';

export const QUEUE_FULL = defineProblem({
  code: 'ledger-busy',
  status: 503,
  title: 'The ledger has too much to do',
  typeUri: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
  description: 'More postings wait for this ledger than it will take. This one was not executed.',
  remedy: 'Send it again after Retry-After, with the same Idempotency-Key.',
});
export const TENANT_NOT_ACTIVE = defineProblem({
  code: 'tenant-not-active',
  status: 403,
  title: 'The tenant is not active',
  description: 'The tenant is suspended: nothing can be posted to its ledgers.',
  remedy: 'Ask the platform’s operator to activate the tenant.',
});
