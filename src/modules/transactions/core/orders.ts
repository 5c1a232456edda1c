import { type Direction } from './account';

export interface PostingEntry {
  /** Id or code. */
  readonly account: string;
  readonly direction: Direction;
  /** Decimal string in the currency's scale, above zero. */
  readonly amount: string;
  readonly currency: string;
  /** Refused unless the balance is at this version before the transaction; 0: there is none yet. */
  readonly ifVersion?: number;
  /** Refused unless the available balance is at least so much after the transaction; signed decimal string. */
  readonly ifAvailableAtLeast?: string;
  /** Refused unless the available balance is at most so much after the transaction; signed decimal string. */
  readonly ifAvailableAtMost?: string;
}

/** What every order says of the transaction that it asks for. */
interface OrderHead {
  /** UUIDv7 of the transaction to be: a retry of the batch records the same one. */
  readonly id: string;
  readonly reference: string | null;
  readonly description: string | null;
  /** Undefined: when it is recorded. */
  readonly effectiveAt: Date | undefined;
  readonly createdBy: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Move amounts between accounts, or reserve them. Ids and amounts are as they came. */
export interface Posting extends OrderHead {
  readonly kind: 'posting';
  readonly pending: boolean;
  /** Of a pending one; null: it does not end by itself. */
  readonly expiresAt: Date | null;
  readonly templateId: string | null;
  readonly entries: readonly PostingEntry[];
}

/** How much of a hold or of an original: all that is left, an amount where there is one currency, or by entries. */
export type Part =
  | { readonly kind: 'whole' }
  | { readonly kind: 'amount'; readonly amount: string }
  | { readonly kind: 'entries'; readonly entries: readonly PostingEntry[] };

/** Post what a hold reserved. */
export interface Capture extends OrderHead {
  readonly kind: 'capture';
  readonly parentId: string;
  readonly part: Part;
  /** Free what is left of the hold. */
  readonly releaseRest: boolean;
}

/** Free what is left of a hold. */
export interface Void extends OrderHead {
  readonly kind: 'void';
  readonly parentId: string;
}

/** Take back a posted transaction. Entries of the part are in the direction of the original. */
export interface Reversal extends OrderHead {
  readonly kind: 'reversal';
  readonly parentId: string;
  readonly part: Part;
}

export type Order = Posting | Capture | Void | Reversal;
