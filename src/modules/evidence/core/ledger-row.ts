import { type RecordedEntry, type RecordedTransaction, type TransactionKind } from '../../transactions';

/** An entry as its row has it; what it refers to may be gone or somewhere else. */
export interface EntryRow extends Omit<RecordedEntry, 'account' | 'scale'> {
  /** Null: there is no such account. */
  readonly account: string | null;
  /** Null: there is no such currency. */
  readonly scale: number | null;
  readonly position: number;
  /** Ledger and times are the transaction's, and the account is of the same ledger. */
  readonly fits: boolean;
}

/** State of a hold, or of a transaction that was reversed at least in part. */
export interface StateRow {
  readonly status: string;
  /** Per entry, in minor units. */
  readonly remaining: readonly bigint[];
  /** Ledger and sequence are the transaction's. */
  readonly fits: boolean;
}

/** What the captures, voids, expiries and reversals of a transaction come to. */
export interface Parts {
  /** Children by kind. */
  readonly children: ReadonlyMap<TransactionKind, number>;
  /** Minor units by kind of entry and {@link placeKey}. */
  readonly sums: ReadonlyMap<string, bigint>;
}

/** A transaction as the database has it, with all that it must agree with. */
export interface LedgerRow extends Omit<RecordedTransaction, 'entries'> {
  readonly entries: readonly EntryRow[];
  readonly entryCount: number;
  /** Times are whole milliseconds: a part of one is not in the hash. */
  readonly wholeTimes: boolean;
  readonly parent: { readonly kind: TransactionKind; readonly sequence: bigint; readonly sameLedger: boolean } | null;
  readonly hold: StateRow | null;
  readonly reversal: StateRow | null;
  readonly parts: Parts;
}

export const placeKey = (place: Pick<RecordedEntry, 'accountId' | 'currency' | 'direction'>): string =>
  `${place.accountId} ${place.currency} ${place.direction}`;

/** One balance as its row has it, in minor units. */
export interface BalanceRow {
  readonly accountId: string;
  readonly account: string;
  readonly currency: string;
  readonly debits: bigint;
  readonly credits: bigint;
  readonly pendingDebits: bigint;
  readonly pendingCredits: bigint;
  readonly version: bigint;
}
