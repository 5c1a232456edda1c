import { AMOUNT_PATTERN } from '../../../common/money/amount';
import { CUSTOM_CURRENCY_CODE } from '../../../common/money/currency';
import { ACCOUNT_CODE } from './account';
import { matchesPattern } from './account-pattern';
import { type Parameter } from './transaction-template';

const VALUE_MAX = 255;
const AMOUNT = new RegExp(AMOUNT_PATTERN);

/** What is wrong with a value of a parameter, whatever the scale of its currency; undefined: nothing. */
export function wrongWith({ type, mayBeZero, pattern }: Parameter, value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length === 0 || value.length > VALUE_MAX)
    return `must be a string of 1 to ${VALUE_MAX} characters`;
  switch (type) {
    case 'amount':
      if (!AMOUNT.test(value)) return 'must be a decimal string, such as "25.00": no sign, exponent or leading zero';
      return mayBeZero || /[1-9]/.test(value) ? undefined : 'must be above zero';
    case 'currency':
      return CUSTOM_CURRENCY_CODE.test(value) ? undefined : 'must be a currency code, such as EUR';
    case 'account':
      if (pattern !== undefined && !matchesPattern(pattern, value)) return `must be an account code of ${pattern}`;
      return ACCOUNT_CODE.test(value) ? undefined : 'must be the code or the id of an account';
    case 'string':
      return undefined;
  }
}
