import { type Direction } from './account';

/** What a row of the ledger records. */
export const TRANSACTION_KINDS = ['posting', 'hold', 'capture', 'void', 'expiry', 'reversal'] as const;
export type TransactionKind = (typeof TRANSACTION_KINDS)[number];

/**
 * What an entry does. `posted`, `captured` and `reversed` ones move the posted balance; `held` ones add to the pending
 * balance and `released` ones take from it.
 */
export const ENTRY_KINDS = ['posted', 'captured', 'reversed', 'held', 'released'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export const movesPosted = (kind: EntryKind): boolean => kind !== 'held' && kind !== 'released';

export interface RecordedEntry {
  readonly accountId: string;
  readonly account: string;
  readonly kind: EntryKind;
  readonly direction: Direction;
  /** Minor units, above zero. */
  readonly amount: bigint;
  readonly currency: string;
  readonly scale: number;
  /** Place of the entry in the account's balance of this currency, from 1, without gaps. */
  readonly version: bigint;
  /** Posted debits minus credits after the entry, in minor units. */
  readonly balanceAfter: bigint;
}

/** A row of the ledger with its entries: never changed once it is there. */
export interface RecordedTransaction {
  readonly id: string;
  readonly ledgerId: string;
  readonly sequence: bigint;
  readonly kind: TransactionKind;
  /** Of a capture, void or expiry: the hold. Of a reversal: the original. */
  readonly parentId: string | null;
  /** The version of the transaction template that it was made with. */
  readonly templateId: string | null;
  readonly reference: string | null;
  readonly description: string | null;
  readonly effectiveAt: Date;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** Of a hold: when it ends by itself. */
  readonly expiresAt: Date | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly entries: readonly RecordedEntry[];
  /** SHA-256, hexadecimal, over the hash of the transaction before it in the ledger and this one. */
  readonly hash: string;
}
