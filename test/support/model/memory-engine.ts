import { type AccountState } from '../../../src/modules/transactions/core/account-state';
import { balanceKey, type BalanceState } from '../../../src/modules/transactions/core/balance';
import { Book, type ParentState } from '../../../src/modules/transactions/core/book';
import { FIRST_HASH } from '../../../src/modules/transactions/core/hash-chain';
import { velocityKey } from '../../../src/modules/transactions/core/limit-check';
import { type AccountPlan } from '../../../src/modules/transactions/core/new-account';
import { movesPosted, type RecordedTransaction } from '../../../src/modules/transactions/core/recorded';
import { expire } from '../../../src/modules/transactions/core/settlement';
import { type KnownKey } from '../../../src/modules/transactions/engine/batch-reader';
import { type CommandKey } from '../../../src/modules/transactions/engine/command';
import { Deciding } from '../../../src/modules/transactions/engine/deciding';
import { type Currency } from '../../../src/common/money/currency';
import { idempotencyId } from '../../../src/platform/http/idempotency/idempotency-id';

/**
 * The engine with memory for a database: it hands each batch a book as the rows would have it and keeps what the batch
 * made of it. For tests of what is decided, thousands of times a second.
 */
export class MemoryEngine {
  /** By id. */
  readonly accounts = new Map<string, AccountState>();
  readonly recorded: RecordedTransaction[] = [];
  readonly currencies: Map<string, Currency>;
  private balances: BalanceState[] = [];
  private parents: ParentState[] = [];
  private readonly keys = new Map<string, KnownKey>();
  private hash = FIRST_HASH;

  /** @param plans of an open ledger */
  constructor(
    private readonly plans: readonly AccountPlan[] | undefined,
    custom: readonly Currency[],
  ) {
    this.currencies = new Map(custom.map((currency) => [currency.code, currency]));
  }

  /** A batch, after the holds that are due; `commit` keeps what was decided until then. */
  begin(now: Date): { book: Book; deciding: Deciding; commit: () => void } {
    const { accounts, currencies } = this;
    const book = new Book({
      ledgerId: 'ledger',
      sequence: BigInt(this.recorded.length),
      hash: this.hash,
      now,
      accounts: new Map([...accounts.values()].flatMap((one) => [[one.id, one] as const, [one.code, one] as const])),
      balances: new Map(this.balances.map((one) => [balanceKey(one.accountId, one.currency), { ...one }])),
      currencies: new Map(currencies),
      references: new Set(this.recorded.flatMap(({ reference }) => reference ?? [])),
    });
    book.plans = this.plans;
    for (const parent of this.parents) book.parents.set(parent.id, { ...parent });
    this.readVelocity(book);
    const due = this.parents.filter(
      ({ status, expiresAt }) => status === 'pending' && expiresAt !== null && expiresAt <= now,
    );
    due.sort((a, b) => Number(a.expiresAt) - Number(b.expiresAt) || Number(a.sequence - b.sequence));
    for (const { id } of due) expire(book, book.parents.get(id) as ParentState, `expiry of ${id}`);
    const state = {
      ...{ book, ledgerOpen: true, tenantActive: true, holdsDue: due.length > 0, accountsVersion: '0' },
      keys: this.keys,
      keyIds: { get: idempotencyId } as unknown as ReadonlyMap<CommandKey, string>,
      expiredKeys: new Set<string>(),
    };
    const earlier = new Map(this.recorded.map((one) => [one.id, one]));
    const deciding = new Deciding(state, earlier, 'http://localhost');
    return {
      book,
      deciding,
      commit: () => {
        this.keep(book, deciding);
      },
    };
  }

  private readVelocity(book: Book): void {
    for (const account of this.accounts.values())
      for (const { currency, velocity } of account.limits)
        for (const [place, { direction, windowSeconds }] of velocity.entries()) {
          const since = book.now.getTime() - windowSeconds * 1000;
          const used = this.recorded
            .filter(({ createdAt }) => createdAt.getTime() > since)
            .flatMap(({ entries }) => entries)
            .filter((entry) => entry.accountId === account.id && entry.currency === currency)
            .filter((entry) => entry.direction === direction && ['posted', 'held'].includes(entry.kind));
          const amount = used.reduce((sum, entry) => sum + entry.amount, 0n);
          book.velocity.set(velocityKey(account.id, currency, place), { amount, count: used.length });
        }
  }

  private keep(book: Book, deciding: Deciding): void {
    for (const account of book.created.values()) this.accounts.set(account.id, account);
    for (const [code, currency] of book.adopted) this.currencies.set(code, currency);
    this.balances = [...book.balances.values()].map((one) => ({ ...one, storedVersion: one.version }));
    this.parents = [...book.parents.values()].map((one) => ({ ...one, stored: true }));
    for (const transaction of book.recorded) {
      this.recorded.push(transaction);
      const { id, kind, sequence, entries, effectiveAt } = transaction;
      if (kind === 'hold') continue;
      const remaining = entries.map((entry) => (kind !== 'reversal' && movesPosted(entry.kind) ? entry.amount : 0n));
      const head = { id, kind, sequence, entries, effectiveAt, expiresAt: null };
      this.parents.push({ ...head, status: null, remaining, stored: false });
    }
    this.hash = book.hash;
    for (const { id, key, status, body, transactionId } of deciding.keys)
      this.keys.set(id, { fingerprint: key.fingerprint, status, body, transactionId });
  }
}
