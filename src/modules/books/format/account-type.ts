export const ACCOUNT_TYPE_RULE =
  'begin with Assets, Liabilities, Equity, Income, Revenue or Expenses (in any case, then a colon), which gives a new account its type';
