import { type AccountType, type Direction, type Freeze } from './account';
import { type CurrencyLimits } from './limits';

/** An account as the rules see it. */
export interface AccountState {
  readonly id: string;
  readonly code: string;
  readonly normalBalance: Direction;
  readonly open: boolean;
  readonly frozen: Freeze | null;
  /** Null: any. */
  readonly currencies: readonly string[] | null;
  readonly limits: readonly CurrencyLimits[];
}

/** An account that is made because an entry names it. */
export interface NewAccount extends AccountState {
  readonly name: string | null;
  readonly type: AccountType;
  readonly metadata: Readonly<Record<string, unknown>>;
}
