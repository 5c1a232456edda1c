import { isUuid, uuidv7 } from '../../../common/ids/uuid';
import { ACCOUNT_CODE, accountTypeOf, normalBalanceOf } from './account';
import { type NewAccount } from './account-state';

/** The account that an open ledger makes for a code that it does not know: its type is that of the first segment. */
export function accountByFirstSegment(code: string): NewAccount | undefined {
  const type = accountTypeOf(code);
  // an id that nobody has is a mistake, not a code
  if (type === undefined || isUuid(code) || !ACCOUNT_CODE.test(code)) return undefined;
  return {
    id: uuidv7(),
    code,
    name: null,
    type,
    normalBalance: normalBalanceOf(type),
    open: true,
    frozen: null,
    currencies: null,
    limits: [],
    metadata: {},
  };
}
