/** The five classes of accounts; the first two and the last three differ in the side on which they grow. */
export const ACCOUNT_TYPES = ['asset', 'liability', 'equity', 'revenue', 'expense'] as const;
export type AccountType = (typeof ACCOUNT_TYPES)[number];

export const DIRECTIONS = ['debit', 'credit'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** The side on which an account of this type grows, unless it is a contra account. */
export function normalBalanceOf(type: AccountType): Direction {
  return type === 'asset' || type === 'expense' ? 'debit' : 'credit';
}

/**
 * `assets:bank:main`: one or more segments of letters, digits and `_ . -`, with single spaces inside; 255 characters.
 * No `*` or `/`, so that codes can be patterns and path segments.
 */
export const ACCOUNT_CODE =
  /^(?=.{1,255}$)[\p{L}\p{N}][\p{L}\p{N}_.-]*(?: [\p{L}\p{N}_.-]+)*(?::[\p{L}\p{N}][\p{L}\p{N}_.-]*(?: [\p{L}\p{N}_.-]+)*)*$/u;
