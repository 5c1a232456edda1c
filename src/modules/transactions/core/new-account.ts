import { isUuid, uuidv7 } from '../../../common/ids/uuid';
import { ACCOUNT_CODE, accountTypeOf, normalBalanceOf } from './account';
import { type NewAccount } from './account-state';
import { matchAccountTemplate } from './account-template';

/** What an account template gives to accounts whose codes match its pattern. */
export type AccountPlan = Pick<NewAccount, 'name' | 'type' | 'normalBalance' | 'currencies' | 'limits' | 'metadata'> & {
  readonly pattern: string;
};

/**
 * The account that an open ledger makes for a code that it does not know: as the most specific template says that its
 * code matches; without one, of the type that its first segment names.
 */
export function newAccount(code: string, templates: readonly AccountPlan[]): NewAccount | undefined {
  // an id that nobody has is a mistake, not a code
  if (isUuid(code) || !ACCOUNT_CODE.test(code)) return undefined;
  const plan = matchAccountTemplate(templates, code) ?? planByFirstSegment(code);
  if (!plan) return undefined;
  const { name, type, normalBalance, currencies, limits, metadata } = plan;
  return {
    ...{ id: uuidv7(), code, open: true, frozen: null },
    ...{ name, type, normalBalance, currencies, limits, metadata },
  };
}

function planByFirstSegment(code: string): Omit<AccountPlan, 'pattern'> | undefined {
  const type = accountTypeOf(code);
  return type && { name: null, type, normalBalance: normalBalanceOf(type), currencies: null, limits: [], metadata: {} };
}
