import { type Currency, isoCurrency } from '../../../common/money/currency';
import { AmountError, MAX_MINOR_UNITS, parseAmount } from '../../../common/money/amount';
import { Problem, type ProblemItem } from '../../../common/problems/problem';
import {
  ACCOUNT_CLOSED,
  AMOUNT_OUT_OF_RANGE,
  AMOUNT_PRECISION,
  CURRENCY_NOT_ALLOWED,
  REFERENCE_USED,
  UNBALANCED,
  UNKNOWN_ACCOUNT,
  UNKNOWN_CURRENCY,
} from '../transactions.errors';
import { type Direction } from './account';

/** What a caller asks to be posted. Ids and amounts are as they came. */
export interface Posting {
  /** UUIDv7 of the transaction to be: a retry of the batch posts the same one. */
  readonly id: string;
  readonly reference: string | null;
  readonly description: string | null;
  /** Undefined: when it is posted. */
  readonly effectiveAt: Date | undefined;
  readonly createdBy: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly entries: readonly PostingEntry[];
}

export interface PostingEntry {
  /** Id or code. */
  readonly account: string;
  readonly direction: Direction;
  /** Decimal string in the currency's scale, above zero. */
  readonly amount: string;
  readonly currency: string;
}

export interface AccountState {
  readonly id: string;
  readonly code: string;
  readonly open: boolean;
  /** Null: any. */
  readonly currencies: readonly string[] | null;
}

/** Running balance of one account in one currency, in minor units. */
export interface BalanceState {
  readonly accountId: string;
  readonly currency: string;
  debits: bigint;
  credits: bigint;
  /** Entries so far. */
  version: bigint;
  /** The version in the database; 0n where there is no row yet. */
  readonly storedVersion: bigint;
}

export interface PostedEntry {
  readonly accountId: string;
  readonly account: string;
  readonly direction: Direction;
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  readonly scale: number;
  readonly version: bigint;
  /** Debits minus credits after the entry, in minor units. */
  readonly balanceAfter: bigint;
}

export interface PostedTransaction {
  readonly id: string;
  readonly ledgerId: string;
  readonly sequence: bigint;
  readonly status: 'posted';
  readonly reference: string | null;
  readonly description: string | null;
  readonly effectiveAt: Date;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly entries: readonly PostedEntry[];
}

/**
 * The part of a ledger that a batch touches, as it is before the batch. `post` moves it forward one transaction at a
 * time; a refused one leaves it as it was.
 */
export class Book {
  readonly balances = new Map<string, BalanceState>();
  /** ISO 4217 currencies that are used here for the first time. */
  readonly adopted = new Map<string, Currency>();

  constructor(
    readonly ledgerId: string,
    public sequence: bigint,
    /** When this batch is posted; not before the one before it. */
    readonly now: Date,
    /** By id and by code. */
    readonly accounts: ReadonlyMap<string, AccountState>,
    readonly currencies: ReadonlyMap<string, Currency>,
    readonly references: Set<string>,
  ) {}

  addBalance(balance: BalanceState): void {
    this.balances.set(balanceKey(balance.accountId, balance.currency), balance);
  }

  /**
   * Decides one posting and, if accepted, moves the balances.
   * @throws Problem of kind 422 that says which entry is wrong and why; then nothing has changed
   */
  post(posting: Posting): PostedTransaction {
    const resolved = this.resolve(posting);
    assertBalanced(resolved);
    if (posting.reference !== null && this.references.has(posting.reference))
      throw new Problem(REFERENCE_USED, 'Another transaction of this ledger has this reference.', {
        errors: [{ pointer: '/reference', detail: 'must be unique in the ledger' }],
      });
    this.assertRange(resolved);

    // from here on nothing can fail
    const entries = resolved.map((entry) => this.apply(entry));
    if (posting.reference !== null) this.references.add(posting.reference);
    this.sequence += 1n;
    return {
      id: posting.id,
      ledgerId: this.ledgerId,
      sequence: this.sequence,
      status: 'posted',
      reference: posting.reference,
      description: posting.description,
      effectiveAt: posting.effectiveAt ?? this.now,
      createdAt: this.now,
      createdBy: posting.createdBy,
      metadata: posting.metadata,
      entries,
    };
  }

  private currency(code: string): Currency | undefined {
    return this.currencies.get(code) ?? isoCurrency(code);
  }

  private resolve(posting: Posting): ResolvedEntry[] {
    return posting.entries.map((entry, index) => {
      const account = this.accounts.get(entry.account);
      if (!account)
        throw refusal(
          UNKNOWN_ACCOUNT,
          index,
          'account',
          `No account of this ledger has the id or code "${entry.account}".`,
        );
      if (!account.open) throw refusal(ACCOUNT_CLOSED, index, 'account', `The account ${account.code} is closed.`);
      const currency = this.currency(entry.currency);
      if (!currency)
        throw refusal(
          UNKNOWN_CURRENCY,
          index,
          'currency',
          `"${entry.currency}" is neither an ISO 4217 currency nor one of this tenant.`,
        );
      if (account.currencies && !account.currencies.includes(currency.code))
        throw refusal(
          CURRENCY_NOT_ALLOWED,
          index,
          'currency',
          `The account ${account.code} takes ${account.currencies.join(', ')} only.`,
        );
      return { account, currency, direction: entry.direction, amount: amountOf(entry, currency, index) };
    });
  }

  private assertRange(entries: readonly ResolvedEntry[]): void {
    const sums = new Map<string, bigint>();
    entries.forEach(({ account, currency, direction, amount }, index) => {
      const key = `${direction} ${balanceKey(account.id, currency.code)}`;
      const sum = (sums.get(key) ?? this.total(account.id, currency.code, direction)) + amount;
      if (sum > MAX_MINOR_UNITS)
        throw refusal(
          AMOUNT_OUT_OF_RANGE,
          index,
          'amount',
          `The ${direction}s of ${account.code} would have more than 38 digits.`,
        );
      sums.set(key, sum);
    });
  }

  private total(accountId: string, currency: string, direction: Direction): bigint {
    const balance = this.balances.get(balanceKey(accountId, currency));
    if (!balance) return 0n;
    return direction === 'debit' ? balance.debits : balance.credits;
  }

  private apply({ account, currency, direction, amount }: ResolvedEntry): PostedEntry {
    if (!this.currencies.has(currency.code)) this.adopted.set(currency.code, currency);
    const key = balanceKey(account.id, currency.code);
    let balance = this.balances.get(key);
    if (!balance) {
      balance = {
        accountId: account.id,
        currency: currency.code,
        debits: 0n,
        credits: 0n,
        version: 0n,
        storedVersion: 0n,
      };
      this.balances.set(key, balance);
    }
    if (direction === 'debit') balance.debits += amount;
    else balance.credits += amount;
    balance.version += 1n;
    return {
      accountId: account.id,
      account: account.code,
      direction,
      amount,
      currency: currency.code,
      scale: currency.scale,
      version: balance.version,
      balanceAfter: balance.debits - balance.credits,
    };
  }
}

interface ResolvedEntry {
  readonly account: AccountState;
  readonly currency: Currency;
  readonly direction: Direction;
  readonly amount: bigint;
}

export const balanceKey = (accountId: string, currency: string): string => `${accountId} ${currency}`;

function amountOf(entry: PostingEntry, currency: Currency, index: number): bigint {
  try {
    const amount = parseAmount(entry.amount, currency.scale);
    if (amount > 0n) return amount;
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    if (error.reason === 'precision')
      throw refusal(
        AMOUNT_PRECISION,
        index,
        'amount',
        `${currency.code} has ${currency.scale} decimals; "${entry.amount}" has more. Amounts are never rounded.`,
      );
    if (error.reason === 'range')
      throw refusal(AMOUNT_OUT_OF_RANGE, index, 'amount', 'An amount has at most 38 digits in minor units.');
  }
  throw refusal(AMOUNT_OUT_OF_RANGE, index, 'amount', 'An amount is a decimal string above zero.');
}

function assertBalanced(entries: readonly ResolvedEntry[]): void {
  const sums = new Map<string, bigint>();
  for (const { currency, direction, amount } of entries)
    sums.set(currency.code, (sums.get(currency.code) ?? 0n) + (direction === 'debit' ? amount : -amount));
  const off = [...sums].filter(([, sum]) => sum !== 0n).map(([code]) => code);
  if (off.length === 0) return;
  throw new Problem(UNBALANCED, `Debits and credits differ in ${off.join(', ')}.`, {
    errors: [{ pointer: '/entries', detail: `must sum to zero per currency; ${off.join(', ')} does not` }],
  });
}

function refusal(
  type: ConstructorParameters<typeof Problem>[0],
  index: number,
  field: string,
  detail: string,
): Problem {
  const item: ProblemItem = { pointer: `/entries/${index}/${field}`, detail };
  return new Problem(type, detail, { errors: [item] });
}
