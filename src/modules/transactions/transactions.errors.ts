import { defineProblem } from '../../common/problems/problem';

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
export const ACCOUNT_NOT_FOUND = defineProblem({
  code: 'account-not-found',
  status: 404,
  title: 'Account not found',
  description: 'The ledger has no account with the id or code.',
  remedy: 'List the accounts with GET /v1/ledgers/{id}/accounts.',
});
export const TRANSACTION_NOT_FOUND = defineProblem({
  code: 'transaction-not-found',
  status: 404,
  title: 'Transaction not found',
  description: 'The ledger has no transaction with the id.',
  remedy: 'List the transactions with GET /v1/ledgers/{id}/transactions.',
});
export const UNKNOWN_ACCOUNT = defineProblem({
  code: 'unknown-account',
  status: 422,
  title: 'An entry names an unknown account',
  description: 'An entry’s account is neither the id nor the code of an account of this ledger.',
  remedy: 'Create the account first, or mend the code; `errors` points at the entry.',
});
export const ACCOUNT_CLOSED = defineProblem({
  code: 'account-closed',
  status: 422,
  title: 'The account is closed',
  description: 'A closed account takes no entries.',
  remedy: 'Use another account, or open it with PATCH {"status":"open"}.',
});
export const UNKNOWN_CURRENCY = defineProblem({
  code: 'unknown-currency',
  status: 422,
  title: 'Unknown currency',
  description: 'The code is neither an active ISO 4217 currency nor one that this tenant has defined.',
  remedy: 'Mend the code, or define it with POST /v1/ledgers/{id}/currencies.',
});
export const CURRENCY_NOT_ALLOWED = defineProblem({
  code: 'currency-not-allowed',
  status: 422,
  title: 'The account does not take this currency',
  description: 'The account has a list of allowed currencies and this one is not on it.',
  remedy: 'Use another account, or add the currency to its list.',
});
export const AMOUNT_PRECISION = defineProblem({
  code: 'amount-precision',
  status: 422,
  title: 'The amount has too many decimals',
  description: 'The amount has more decimals than its currency. Amounts are refused, never rounded.',
  remedy: 'Send at most as many decimals as the currency’s scale.',
});
export const AMOUNT_OUT_OF_RANGE = defineProblem({
  code: 'amount-out-of-range',
  status: 422,
  title: 'The amount is out of range',
  description: 'Amounts are above zero, and amounts and balances have at most 38 digits in minor units.',
  remedy: 'Send an amount in range; the direction says which way it goes.',
});
export const UNBALANCED = defineProblem({
  code: 'unbalanced',
  status: 422,
  title: 'Debits and credits differ',
  description: 'The entries of a transaction sum to zero in each currency. These do not.',
  remedy: 'Mend the amounts or add the missing entry.',
});
export const REFERENCE_USED = defineProblem({
  code: 'reference-used',
  status: 422,
  title: 'The reference is taken',
  description: 'Another transaction of the ledger has this reference.',
  remedy: 'Read that one; for a retry send the same Idempotency-Key instead.',
});
export const CURRENCY_RESERVED = defineProblem({
  code: 'currency-reserved',
  status: 422,
  title: 'The code belongs to ISO 4217',
  description: 'ISO 4217 codes have their own scale and cannot be defined anew.',
  remedy: 'Choose another code; ISO currencies need no definition.',
});
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
