import { type Direction } from './account';
import { type EntryKind } from './recorded';

/** Running balance of one account in one currency, in minor units. */
export interface BalanceState {
  readonly accountId: string;
  readonly currency: string;
  debits: bigint;
  credits: bigint;
  /** Reserved by holds. */
  pendingDebits: bigint;
  pendingCredits: bigint;
  /** Entries so far. */
  version: bigint;
  /** The version in the database; 0n where there is no row yet. */
  storedVersion: bigint;
}

export type BalanceSums = Pick<BalanceState, 'debits' | 'credits' | 'pendingDebits' | 'pendingCredits'>;

export const balanceKey = (accountId: string, currency: string): string => `${accountId} ${currency}`;

/** Moves the sums by one entry. */
export function applyEntry(sums: BalanceSums, kind: EntryKind, direction: Direction, amount: bigint): void {
  const change = kind === 'released' ? -amount : amount;
  const pending = kind === 'held' || kind === 'released';
  if (direction === 'debit') {
    if (pending) sums.pendingDebits += change;
    else sums.debits += change;
  } else if (pending) sums.pendingCredits += change;
  else sums.credits += change;
}

/** What was posted, in the sign of the account's normal balance. */
export function postedAmount({ debits, credits }: BalanceSums, normal: Direction): bigint {
  return normal === 'debit' ? debits - credits : credits - debits;
}

/** What a spender may count on: what was posted, less what outgoing holds reserve. */
export function availableAmount(sums: BalanceSums, normal: Direction): bigint {
  return postedAmount(sums, normal) - (normal === 'debit' ? sums.pendingCredits : sums.pendingDebits);
}

/** What there will be when incoming holds are captured and outgoing ones are not. Maximums are about this one. */
export function expectedAmount(sums: BalanceSums, normal: Direction): bigint {
  return postedAmount(sums, normal) + (normal === 'debit' ? sums.pendingDebits : sums.pendingCredits);
}
