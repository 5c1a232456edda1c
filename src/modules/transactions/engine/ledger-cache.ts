import { type Currency } from '../../../common/money/currency';
import { type AccountState } from '../core/account-state';
import { type BalanceState } from '../core/balance';

/** Balances that a process keeps, over all ledgers; some 300 bytes each. */
const BALANCES_MAX = 200_000;

/**
 * What stands for a state of a ledger: balances change with the chain, accounts with their version, and only so. The hash
 * and not the sequence: a database that was put back may come to the same sequence by another way.
 */
export interface Stamp {
  readonly hash: string;
  readonly accountsVersion: string;
}

/** What this process knows of a ledger from its last batch. */
export interface KnownLedger {
  readonly accounts: Map<string, AccountState>;
  readonly balances: Map<string, BalanceState>;
  readonly currencies: Map<string, Currency>;
  stamp: Stamp | undefined;
  /** Whether the last batch found it as it was left. While other processes write to the ledger it seldom is. */
  trusted: boolean;
}

/**
 * Accounts and balances between the batches of a ledger. Nothing is decided on trust: each batch reads the ledger's
 * stamp under its lock, and what is kept counts only if it is the one that this process left.
 */
export class LedgerCache {
  private readonly ledgers = new Map<string, KnownLedger>();

  /** What is known of it, taken out: a batch that fails half way has left it in no state to be used. */
  take(id: string): KnownLedger {
    const known = this.ledgers.get(id);
    this.ledgers.delete(id);
    return known ?? unknown();
  }

  /** After the commit. */
  put(id: string, known: KnownLedger, stamp: Stamp): void {
    known.stamp = stamp;
    this.ledgers.set(id, known);
    let balances = 0;
    for (const ledger of this.ledgers.values()) balances += ledger.balances.size;
    // the least recently used first
    for (const [other, ledger] of this.ledgers) {
      if (balances <= BALANCES_MAX) break;
      balances -= ledger.balances.size;
      this.ledgers.delete(other);
    }
  }
}

export function unknown(): KnownLedger {
  return { accounts: new Map(), balances: new Map(), currencies: new Map(), stamp: undefined, trusted: false };
}

export const sameStamp = (a: Stamp | undefined, b: Stamp): boolean =>
  a?.hash === b.hash && a.accountsVersion === b.accountsVersion;
