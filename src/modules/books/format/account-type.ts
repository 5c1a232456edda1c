import { type AccountType } from '../../transactions';

const TYPES: Readonly<Record<string, AccountType>> = {
  asset: 'asset',
  assets: 'asset',
  liability: 'liability',
  liabilities: 'liability',
  equity: 'equity',
  income: 'revenue',
  revenue: 'revenue',
  revenues: 'revenue',
  expense: 'expense',
  expenses: 'expense',
};

export const ACCOUNT_TYPE_RULE =
  'begin with Assets, Liabilities, Equity, Income, Revenue or Expenses (in any case, then a colon), which gives a new account its type';

/** The type of an account that is not there yet, from the first segment of its code. */
export function accountTypeOf(code: string): AccountType | undefined {
  const [first = ''] = code.split(':', 1);
  const name = first.toLowerCase();
  return Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
}
