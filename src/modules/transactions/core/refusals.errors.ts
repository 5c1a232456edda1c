import { defineProblem } from '../../../common/problems/problem';

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
export const INSUFFICIENT_FUNDS = defineProblem({
  code: 'insufficient-funds',
  status: 422,
  title: 'Insufficient funds',
  description:
    'The available balance of an account would fall below its minimum, credit line included. Outgoing holds count as spent.',
  remedy: 'Lower the amount, add funds, void a hold, or change the account’s limits; then use a new Idempotency-Key.',
});
export const BALANCE_LIMIT = defineProblem({
  code: 'balance-limit-exceeded',
  status: 422,
  title: 'The balance would be too high',
  description: 'The balance of an account, incoming holds included, would rise above its maximum.',
  remedy: 'Lower the amount, use another account, or change the account’s limits; then use a new Idempotency-Key.',
});
export const VELOCITY_LIMIT = defineProblem({
  code: 'velocity-limit-exceeded',
  status: 422,
  title: 'Too much in too short a time',
  description: 'A velocity limit of an account allows so much, or so many entries, in any window of its length.',
  remedy: 'Wait until earlier entries have left the window, or change the account’s limits; then use a new key.',
});
export const ACCOUNT_FROZEN = defineProblem({
  code: 'account-frozen',
  status: 422,
  title: 'The account is frozen',
  description: 'The account takes no entries of this direction while it is frozen. Holds can still be voided.',
  remedy: 'Use another account, or lift it with PATCH {"frozen":null}.',
});
export const CONDITION_FAILED = defineProblem({
  code: 'condition-failed',
  status: 422,
  title: 'A condition of an entry does not hold',
  description:
    '`ifVersion` is compared with the balance before the transaction, `ifAvailableAtLeast` and `ifAvailableAtMost` with the available balance after it.',
  remedy: 'Read the balance again, decide anew, and use a new Idempotency-Key.',
});
export const EXPIRY_PASSED = defineProblem({
  code: 'expiry-passed',
  status: 422,
  title: 'The expiry is in the past',
  description: 'A hold’s `expiresAt` must be after the moment at which it is recorded, and after its `effectiveAt`.',
  remedy: 'Send a later time, or none.',
});
export const NOT_A_HOLD = defineProblem({
  code: 'not-a-hold',
  status: 422,
  title: 'Not a hold',
  description: 'Only a transaction that was made with status pending can be captured or voided.',
  remedy: 'Use the id of the hold; to take back a posted transaction, reverse it.',
});
export const HOLD_NOT_PENDING = defineProblem({
  code: 'hold-not-pending',
  status: 422,
  title: 'The hold is settled',
  description: 'The hold was captured, voided or has expired. That happens exactly once and is final.',
  remedy: 'Read the transaction to see what became of it. Post anew if the money must move.',
});
export const NOT_REVERSIBLE = defineProblem({
  code: 'not-reversible',
  status: 422,
  title: 'The transaction cannot be reversed',
  description: 'Postings and captures can be reversed; holds, voids, expiries and reversals cannot.',
  remedy: 'Void a hold; post anew what a reversal took back by mistake.',
});
export const ALREADY_REVERSED = defineProblem({
  code: 'already-reversed',
  status: 422,
  title: 'The transaction is reversed already',
  description: 'All reversals of a transaction together are never more than the transaction.',
  remedy: 'Read the transaction to see what reversed it.',
});
export const EXCEEDS_REMAINING = defineProblem({
  code: 'exceeds-remaining',
  status: 422,
  title: 'More than what is left',
  description: 'A capture takes at most what is left of the hold, a reversal at most what was not reversed yet.',
  remedy: 'Read the transaction: `remaining` of each entry says how much is left.',
});
export const EFFECTIVE_BEFORE_ORIGINAL = defineProblem({
  code: 'effective-before-original',
  status: 422,
  title: 'Effective before what it changes',
  description: 'A capture, a void and a reversal are effective at the `effectiveAt` of their original at the earliest.',
  remedy: 'Send a later `effectiveAt`, or none.',
});
export const SEVERAL_CURRENCIES = defineProblem({
  code: 'several-currencies',
  status: 422,
  title: 'An amount alone is not enough',
  description:
    'What is left of the transaction is in several currencies, so one amount does not say which part is meant.',
  remedy: 'Send `entries`, or neither for all that is left.',
});
export const TEMPLATE_INVALID = defineProblem({
  code: 'template-invalid',
  status: 422,
  title: 'The template cannot work',
  description:
    'Something in the template is wrong whatever the values of its parameters will be: a parameter that is not there, shares that do not sum to their whole, entries that cannot balance.',
  remedy: 'Mend what `errors` points at; docs/guides/templates.md explains templates by example.',
});
export const TEMPLATE_PARAMETERS_INVALID = defineProblem({
  code: 'template-parameters-invalid',
  status: 422,
  title: 'The parameters do not fit the template',
  description:
    'A parameter is missing, unknown or not of its type, or its value leads to entries that cannot be: a negative remainder, an account code that is none.',
  remedy: 'Mend what `errors` points at; the template says which parameters it takes.',
});
