/** The five classes of accounts; the first two and the last three differ in the side on which they grow. */
export const ACCOUNT_TYPES = ['asset', 'liability', 'equity', 'revenue', 'expense'] as const;
export type AccountType = (typeof ACCOUNT_TYPES)[number];

export const DIRECTIONS = ['debit', 'credit'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** The side on which an account of this type grows, unless it is a contra account. */
export function normalBalanceOf(type: AccountType): Direction {
  return type === 'asset' || type === 'expense' ? 'debit' : 'credit';
}

const TYPES_BY_SEGMENT: ReadonlyMap<string, AccountType> = new Map([
  ['asset', 'asset'],
  ['assets', 'asset'],
  ['liability', 'liability'],
  ['liabilities', 'liability'],
  ['equity', 'equity'],
  ['income', 'revenue'],
  ['revenue', 'revenue'],
  ['revenues', 'revenue'],
  ['expense', 'expense'],
  ['expenses', 'expense'],
]);

/** The type of an account that is not there yet, from the first segment of its code. */
export function accountTypeOf(code: string): AccountType | undefined {
  const [first = ''] = code.split(':', 1);
  return TYPES_BY_SEGMENT.get(first.toLowerCase());
}

const SEGMENT = '[\\p{L}\\p{N}][\\p{L}\\p{N}_.-]*(?: [\\p{L}\\p{N}_.-]+)*';
const PATTERN_SEGMENT = `(?:${SEGMENT}|\\*)`;

/** One segment of an account code: letters, digits and `_ . -`, with single spaces inside. */
export const ACCOUNT_SEGMENT = new RegExp(`^${SEGMENT}$`, 'u');

/** `assets:bank:main`: one or more segments; 255 characters. No `*` or `/`, so that codes can be patterns and path segments. */
export const ACCOUNT_CODE = new RegExp(`^(?=.{1,255}$)${SEGMENT}(?::${SEGMENT})*$`, 'u');

/** `users:*:wallet`, `assets:**`: an account code in which `*` is any one segment, and a last `**` one or more. */
export const ACCOUNT_PATTERN = new RegExp(`^(?=.{1,255}$)(?:${PATTERN_SEGMENT}:)*(?:${PATTERN_SEGMENT}|\\*\\*)$`, 'u');

/** What may not move: entries of this direction, or any. */
export const FREEZES = ['debit', 'credit', 'both'] as const;
export type Freeze = (typeof FREEZES)[number];
