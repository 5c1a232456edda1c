import { Problem } from '../../../common/problems/problem';
import { type IdempotencyScope } from '../../../platform/http/idempotency/idempotency-id';
import { type BalanceSums } from '../core/balance';
import { type Order } from '../core/orders';
import { type RecordedTransaction } from '../core/recorded';

/** A request's idempotency key, and what it stands for. */
export interface CommandKey extends IdempotencyScope {
  /** SHA-256 of the canonical request. */
  readonly fingerprint: Buffer;
  /** For how long it is remembered, from the batch that records it on. Null: for ever. */
  readonly keptDays: number | null;
  /** Only what was recorded is remembered: after a refusal the same key is decided anew. Of jobs, which are run again. */
  readonly forgetsRefusals?: boolean;
}

export interface Command {
  /** A problem: the request cannot be an order, but its key may still belong to an earlier one that was. */
  readonly order: Order | Problem;
  /** Null: nobody will ask again, as in a dry run. */
  readonly key: CommandKey | null;
  /** The answer carries the balances after it. */
  readonly balances?: boolean;
  /** Patterns of the only accounts that whoever asks may move; undefined: all. */
  readonly within?: readonly string[] | undefined;
  /**
   * Runs in the transaction that records it, after the rows of the whole batch, and is committed with them or not at all;
   * once, however often the key is used, but it may be run again before the commit. What it throws, the caller gets, and
   * nothing was recorded.
   */
  readonly together?: (recorded: RecordedTransaction) => Promise<void>;
}

/** Commands that are decided together, in their order. */
export interface Unit {
  readonly commands: readonly Command[];
  /** All or none. */
  readonly atomic: boolean;
  /** Decided against the ledger as it is, and nothing is kept. */
  readonly dryRun: boolean;
}

/** A balance right after a transaction. */
export interface BalanceAfter extends BalanceSums {
  readonly accountId: string;
  readonly account: string;
  readonly normalBalance: 'debit' | 'credit';
  readonly currency: string;
  readonly scale: number;
  readonly version: bigint;
}

export type Outcome =
  | {
      readonly kind: 'recorded';
      readonly transaction: RecordedTransaction;
      /** Where the command asked for them. */
      readonly balances: readonly BalanceAfter[] | undefined;
      readonly replayed: boolean;
    }
  /** A refusal; `replayed` when it is the answer to an earlier request. */
  | { readonly kind: 'refused'; readonly problem: Problem; readonly replayed: boolean }
  /** A refusal that an earlier request with the key got, as it was sent then. */
  | { readonly kind: 'stored'; readonly status: number; readonly body: unknown }
  /** Nothing was wrong with it, but it belongs to an atomic unit of which another command was refused. */
  | { readonly kind: 'aborted' };

export const single = (command: Command, dryRun = false): Unit => ({ commands: [command], atomic: false, dryRun });

/** Entries of a unit, about: what its part of a batch costs. */
export function weightOf({ commands }: Unit): number {
  let weight = 0;
  for (const { order } of commands)
    weight += order instanceof Problem || order.kind !== 'posting' ? 4 : order.entries.length;
  return weight;
}

const AMOUNTS = ['debits', 'credits', 'pendingDebits', 'pendingCredits', 'version'] as const;
type StoredBalance = Omit<BalanceAfter, (typeof AMOUNTS)[number]> & Record<(typeof AMOUNTS)[number], string>;

/** JSON of balances, to be kept with a key: amounts as texts. */
export const storeBalances = (balances: readonly BalanceAfter[]): StoredBalance[] =>
  balances.map((balance) => ({ ...balance, ...converted(balance, String) }));

export const readBalances = (stored: unknown): BalanceAfter[] =>
  (stored as StoredBalance[]).map((balance) => ({ ...balance, ...converted(balance, BigInt) }));

function converted<From, To>(balance: Record<(typeof AMOUNTS)[number], From>, convert: (amount: From) => To) {
  return Object.fromEntries(AMOUNTS.map((name) => [name, convert(balance[name])])) as Record<
    (typeof AMOUNTS)[number],
    To
  >;
}
