/* What the model ledger is asked and what it keeps; amounts in minor units unless they are texts. */

export type Side = 'debit' | 'credit';
export interface ModelEntry {
  readonly account: string;
  readonly direction: Side;
  readonly amount: string;
  readonly currency: string;
  readonly ifVersion?: number;
  readonly ifAvailableAtLeast?: string;
  readonly ifAvailableAtMost?: string;
}
export type ModelPart =
  | { readonly kind: 'whole' }
  | { readonly kind: 'amount'; readonly amount: string }
  | { readonly kind: 'entries'; readonly entries: readonly ModelEntry[] };
export type ModelOrder = { readonly id: string; readonly reference: string | null } & (
  | {
      readonly kind: 'posting';
      readonly pending: boolean;
      readonly expiresAt: Date | null;
      readonly entries: readonly ModelEntry[];
    }
  | { readonly kind: 'capture'; readonly parentId: string; readonly part: ModelPart; readonly releaseRest: boolean }
  | { readonly kind: 'void'; readonly parentId: string }
  | { readonly kind: 'reversal'; readonly parentId: string; readonly part: ModelPart }
);

export interface ModelLimits {
  readonly currency: string;
  readonly minimum?: bigint;
  readonly maximum?: bigint;
  readonly creditLine?: { readonly amount: bigint; readonly from?: number; readonly until?: number };
  readonly velocity?: readonly {
    readonly direction: Side;
    readonly seconds: number;
    readonly amount?: bigint;
    readonly count?: number;
  }[];
}
export interface ModelAccount {
  readonly code: string;
  readonly grows: Side;
  readonly open?: boolean;
  readonly frozen?: Side | 'both';
  readonly currencies?: readonly string[];
  readonly limits?: readonly ModelLimits[];
}
export interface ModelBalance {
  debits: bigint;
  credits: bigint;
  pendingDebits: bigint;
  pendingCredits: bigint;
  version: number;
}
export interface ModelLeg {
  readonly account: string;
  readonly direction: Side;
  readonly currency: string;
  readonly amount: bigint;
  readonly kind: 'posted' | 'held' | 'captured' | 'released' | 'reversed';
}
export interface ModelTransaction {
  readonly id: string;
  readonly sequence: number;
  readonly kind: 'posting' | 'hold' | 'capture' | 'void' | 'expiry' | 'reversal';
  readonly parentId: string | null;
  readonly at: number;
  readonly expiresAt: number | null;
  readonly legs: readonly ModelLeg[];
  /** Of a hold to capture, of others to reverse. */
  left: bigint[];
  status: 'pending' | 'posted' | 'voided' | 'expired';
}
