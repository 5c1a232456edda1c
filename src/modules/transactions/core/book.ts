import { isUuid } from '../../../common/ids/uuid';
import { type Currency, isoCurrency } from '../../../common/money/currency';
import { type Direction } from './account';
import { type AccountState, type NewAccount } from './account-state';
import { applyEntry, balanceKey, type BalanceState, type BalanceSums } from './balance';
import { transactionHash } from './hash-chain';
import { type AccountPlan, newAccount } from './new-account';
import { type EntryKind, type RecordedEntry, type RecordedTransaction } from './recorded';

/** A hold, or a transaction to reverse, as it is now. */
export interface ParentState {
  readonly id: string;
  readonly kind: RecordedTransaction['kind'];
  readonly sequence: bigint;
  readonly entries: readonly ParentEntry[];
  readonly effectiveAt: Date;
  readonly expiresAt: Date | null;
  /** Of a hold. */
  status: HoldStatus | null;
  /** Per entry, in minor units: what is left to capture or to reverse. */
  remaining: readonly bigint[];
  /** The database has a row of its state: always for a hold, for others once a part was reversed. */
  readonly stored: boolean;
}

export type HoldStatus = 'pending' | 'posted' | 'voided' | 'expired';

export type ParentEntry = Pick<RecordedEntry, 'accountId' | 'account' | 'kind' | 'direction' | 'amount' | 'currency'>;

/** What has been used of an account's velocity limit in the time that it looks at. */
export interface VelocityUse {
  readonly amount: bigint;
  readonly count: number;
}

/** An entry that was checked, with what it names. */
export interface ResolvedEntry {
  readonly account: AccountState;
  readonly currency: Currency;
  /** The {@link balanceKey} of the two: texts are put together once, as looking up a new one costs its length. */
  readonly balance: string;
  readonly direction: Direction;
  readonly amount: bigint;
  readonly kind: EntryKind;
}

export interface BookStart {
  readonly ledgerId: string;
  /** Of the last transaction; 0n and {@link FIRST_HASH} where there is none. */
  readonly sequence: bigint;
  readonly hash: string;
  /** When this batch is recorded; not before the one before it. */
  readonly now: Date;
  /** By id and by code. */
  readonly accounts: Map<string, AccountState>;
  /** By {@link balanceKey}. */
  readonly balances: Map<string, BalanceState>;
  readonly currencies: Map<string, Currency>;
  /** Those of the batch that are taken already. */
  readonly references: Set<string>;
}

/**
 * The part of a ledger that a batch touches, as it is before the batch. Transactions are recorded one after the other;
 * `attempt` takes a failed piece of work back.
 */
export class Book {
  readonly ledgerId: string;
  readonly now: Date;
  readonly accounts: Map<string, AccountState>;
  readonly references: Set<string>;
  readonly balances: Map<string, BalanceState>;
  /** Those that transactions of this batch moved. */
  readonly changedBalances = new Set<BalanceState>();
  readonly parents = new Map<string, ParentState>();
  /** By account, currency and place of the limit among those of the account. */
  readonly velocity = new Map<string, VelocityUse>();
  /** ISO 4217 currencies that are used here for the first time. */
  readonly adopted = new Map<string, Currency>();
  /** Accounts that entries named and that were made for it. */
  readonly created = new Map<string, NewAccount>();
  /** Parents whose state is another than in the database. */
  readonly changedParents = new Set<ParentState>();
  readonly recorded: RecordedTransaction[] = [];
  sequence: bigint;
  hash: string;
  readonly currencies: Map<string, Currency>;
  /** Of an open ledger, which makes accounts that it does not know; undefined: they are refused. */
  plans: readonly AccountPlan[] | undefined;
  private readonly prepared = new Map<string, NewAccount>();
  private undo: (() => void)[] | undefined;

  constructor(start: BookStart) {
    this.ledgerId = start.ledgerId;
    this.sequence = start.sequence;
    this.hash = start.hash;
    this.now = start.now;
    this.accounts = start.accounts;
    this.balances = start.balances;
    this.currencies = start.currencies;
    this.references = start.references;
  }

  addBalance(balance: BalanceState): void {
    this.balances.set(balanceKey(balance.accountId, balance.currency), balance);
  }

  /** Runs `work`; if it throws, or with `keep` false, the book is as it was before. */
  attempt<T>(work: () => T, keep = true): T {
    if (this.undo) throw new Error('attempts are not nested');
    const undo: (() => void)[] = [];
    this.undo = undo;
    let done = false;
    try {
      const result = work();
      done = keep;
      return result;
    } finally {
      this.undo = undefined;
      if (!done) for (const step of undo.reverse()) step();
    }
  }

  currency(code: string): Currency | undefined {
    return this.currencies.get(code) ?? isoCurrency(code);
  }

  /** The account with this id or code, if the ledger has it; an id may be in capitals. */
  knownAccount(idOrCode: string): AccountState | undefined {
    return this.accounts.get(idOrCode) ?? (isUuid(idOrCode) ? this.accounts.get(idOrCode.toLowerCase()) : undefined);
  }

  /** As `knownAccount`; in an open ledger one is made for a code that is new. */
  account(idOrCode: string): AccountState | undefined {
    const known = this.knownAccount(idOrCode) ?? this.prepared.get(idOrCode);
    if (known) return known;
    const made = this.plans && newAccount(idOrCode, this.plans);
    // an account of the ledger only once an entry is recorded: a refused order makes none
    if (made) this.prepared.set(idOrCode, made);
    return made;
  }

  /** @param balance its {@link balanceKey} */
  sumsOf(balance: string): BalanceSums & { readonly version: bigint } {
    return this.balances.get(balance) ?? NOTHING;
  }

  /** Writes down what was decided; nothing in here can fail. */
  record(
    transaction: Omit<RecordedTransaction, 'ledgerId' | 'sequence' | 'createdAt' | 'entries' | 'hash'>,
    resolved: readonly ResolvedEntry[],
  ): RecordedTransaction {
    const entries = resolved.map((entry) => this.apply(entry));
    const { reference } = transaction;
    if (reference !== null) {
      this.references.add(reference);
      this.undo?.push(() => this.references.delete(reference));
    }
    const { sequence, hash } = this;
    this.undo?.push(() => {
      this.sequence = sequence;
      this.hash = hash;
      this.recorded.pop();
    });
    this.sequence += 1n;
    const unsealed = { ...transaction, ledgerId: this.ledgerId, sequence: this.sequence, createdAt: this.now, entries };
    this.hash = transactionHash(hash, unsealed);
    const recorded: RecordedTransaction = { ...unsealed, hash: this.hash };
    this.recorded.push(recorded);
    return recorded;
  }

  /** A hold that was just recorded. */
  addHold({ id, kind, sequence, entries, effectiveAt, expiresAt }: RecordedTransaction): void {
    const remaining = entries.map(({ amount }) => amount);
    const times = { effectiveAt, expiresAt };
    const hold: ParentState = { id, kind, sequence, entries, ...times, status: 'pending', remaining, stored: false };
    this.parents.set(id, hold);
    this.changedParents.add(hold);
    this.undo?.push(() => {
      this.parents.delete(id);
      this.changedParents.delete(hold);
    });
  }

  changeParent(parent: ParentState, remaining: readonly bigint[], status: HoldStatus | null): void {
    const before = { remaining: parent.remaining, status: parent.status, changed: this.changedParents.has(parent) };
    this.undo?.push(() => {
      parent.remaining = before.remaining;
      parent.status = before.status;
      if (!before.changed) this.changedParents.delete(parent);
    });
    parent.remaining = remaining;
    parent.status = status;
    this.changedParents.add(parent);
  }

  useVelocity(key: string, amount: bigint, count: number): void {
    const before = this.velocity.get(key);
    this.undo?.push(() => {
      if (before) this.velocity.set(key, before);
      else this.velocity.delete(key);
    });
    this.velocity.set(key, { amount: (before?.amount ?? 0n) + amount, count: (before?.count ?? 0) + count });
  }

  private apply({ account, currency, balance: key, direction, amount, kind }: ResolvedEntry): RecordedEntry {
    const { code } = currency;
    if (!this.currencies.has(code) && !this.adopted.has(code)) {
      this.adopted.set(code, currency);
      this.undo?.push(() => this.adopted.delete(code));
    }
    if (!this.accounts.has(account.id)) this.addAccount(account as NewAccount);
    const balance = this.balanceToChange(key, account.id, code);
    applyEntry(balance, kind, direction, amount);
    balance.version += 1n;
    return {
      accountId: account.id,
      account: account.code,
      kind,
      direction,
      amount,
      currency: code,
      scale: currency.scale,
      version: balance.version,
      balanceAfter: balance.debits - balance.credits,
    };
  }

  private balanceToChange(key: string, accountId: string, currency: string): BalanceState {
    const known = this.balances.get(key);
    const balance = known ?? { accountId, currency, ...NOTHING, storedVersion: 0n };
    if (this.undo) {
      const before = { ...balance };
      const changed = this.changedBalances.has(balance);
      this.undo.push(() => {
        if (known) Object.assign(known, before);
        else this.balances.delete(key);
        if (!changed) this.changedBalances.delete(balance);
      });
    }
    if (!known) this.balances.set(key, balance);
    this.changedBalances.add(balance);
    return balance;
  }

  private addAccount(account: NewAccount): void {
    this.accounts.set(account.id, account);
    this.accounts.set(account.code, account);
    this.created.set(account.id, account);
    this.undo?.push(() => {
      this.accounts.delete(account.id);
      this.accounts.delete(account.code);
      this.created.delete(account.id);
    });
  }
}

const NOTHING = { debits: 0n, credits: 0n, pendingDebits: 0n, pendingCredits: 0n, version: 0n } as const;

export const sumsOnly = ({ debits, credits, pendingDebits, pendingCredits }: BalanceSums): BalanceSums => ({
  debits,
  credits,
  pendingDebits,
  pendingCredits,
});
