import { formatAmount, MAX_MINOR_UNITS } from '../../../common/money/amount';
import { AMOUNT_OUT_OF_RANGE, BALANCE_LIMIT, INSUFFICIENT_FUNDS, VELOCITY_LIMIT } from './refusals.errors';
import { type AccountState } from './account-state';
import { applyEntry, availableAmount, balanceKey, type BalanceSums, expectedAmount } from './balance';
import { type Book, type ResolvedEntry, sumsOnly } from './book';
import { type CurrencyLimits } from './limits';
import { entryRefused } from './refusal';

/** What a transaction does to one balance. */
export interface Effect {
  readonly account: AccountState;
  readonly currency: ResolvedEntry['currency'];
  /** Its first entry that moves this balance. */
  readonly index: number;
  readonly before: BalanceSums;
  readonly after: BalanceSums;
}

/** By balance, in the order in which entries name them. */
export function effectsOf(book: Book, entries: readonly ResolvedEntry[]): Map<string, Effect> {
  const effects = new Map<string, Effect>();
  for (const [index, { account, currency, balance, kind, direction, amount }] of entries.entries()) {
    let effect = effects.get(balance);
    if (!effect) {
      const before = book.sumsOf(balance);
      effect = { account, currency, index, before, after: sumsOnly(before) };
      effects.set(balance, effect);
    }
    applyEntry(effect.after, kind, direction, amount);
  }
  return effects;
}

/** @throws Problem `amount-out-of-range` at the entry that makes a sum of its balance longer than 38 digits */
export function assertRange(book: Book, effects: ReadonlyMap<string, Effect>, entries: readonly ResolvedEntry[]): void {
  if ([...effects.values()].every(({ after }) => inRange(after))) return;
  const sums = new Map<string, BalanceSums>();
  for (const [index, { account, balance, kind, direction, amount }] of entries.entries()) {
    const sum = sums.get(balance) ?? sumsOnly(book.sumsOf(balance));
    sums.set(balance, sum);
    applyEntry(sum, kind, direction, amount);
    if (!inRange(sum))
      throw entryRefused(
        AMOUNT_OUT_OF_RANGE,
        index,
        'amount',
        `The ${direction}s of ${account.code} would have more than 38 digits.`,
      );
  }
}

const inRange = ({ debits, credits, pendingDebits, pendingCredits }: BalanceSums): boolean =>
  debits <= MAX_MINOR_UNITS &&
  credits <= MAX_MINOR_UNITS &&
  pendingDebits <= MAX_MINOR_UNITS &&
  pendingCredits <= MAX_MINOR_UNITS;

/**
 * Minimum, credit line and maximum of every balance that the transaction moves the wrong way: a balance that is out of
 * bounds already, because the limit came later, may still move back.
 * @throws Problem `insufficient-funds`, `balance-limit-exceeded`
 */
export function assertBalanceLimits(book: Book, effects: ReadonlyMap<string, Effect>): void {
  for (const { account, currency, index, before, after } of effects.values()) {
    const limits = limitsOf(account, currency.code);
    if (!limits) continue;
    const amount = (minor: bigint) => `${formatAmount(minor, currency.scale)} ${currency.code}`;
    const available = availableAmount(after, account.normalBalance);
    const floor = lowestAvailable(limits, book.now);
    if (floor !== null && available < floor && available < availableAmount(before, account.normalBalance))
      throw entryRefused(
        INSUFFICIENT_FUNDS,
        index,
        'amount',
        `${account.code} would have ${amount(available)} available; its lowest is ${amount(floor)}.`,
      );
    const expected = expectedAmount(after, account.normalBalance);
    const { maximum } = limits;
    if (maximum !== null && expected > maximum && expected > expectedAmount(before, account.normalBalance))
      throw entryRefused(
        BALANCE_LIMIT,
        index,
        'amount',
        `${account.code} would have ${amount(expected)}, incoming holds included; its highest is ${amount(maximum)}.`,
      );
  }
}

/** The minimum less the credit line, if that is valid at the moment. */
export function lowestAvailable({ minimum, creditLine }: CurrencyLimits, now: Date): bigint | null {
  if (minimum === null || creditLine === null) return minimum;
  const valid = (creditLine.from ?? now) <= now && (creditLine.until === null || now < creditLine.until);
  return valid ? minimum - creditLine.amount : minimum;
}

interface Use {
  readonly key: string;
  readonly amount: bigint;
  readonly count: number;
}

/**
 * Velocity counts what was asked for: postings and holds when they are made. Captures do not count again, and a void
 * does not give back.
 * @returns what the transaction uses of each limit, to be recorded with it
 * @throws Problem `velocity-limit-exceeded`
 */
export function assertVelocity(book: Book, entries: readonly ResolvedEntry[]): Use[] {
  const uses = new Map<string, Use>();
  for (const [index, { account, currency, direction, amount }] of entries.entries()) {
    for (const [place, rule] of (limitsOf(account, currency.code)?.velocity ?? []).entries()) {
      if (rule.direction !== direction) continue;
      const key = velocityKey(account.id, currency.code, place);
      const earlier = uses.get(key);
      const use = { key, amount: (earlier?.amount ?? 0n) + amount, count: (earlier?.count ?? 0) + 1 };
      uses.set(key, use);
      const used = book.velocity.get(key);
      const total = (used?.amount ?? 0n) + use.amount;
      const count = (used?.count ?? 0) + use.count;
      if ((rule.amount === null || total <= rule.amount) && (rule.count === null || count <= rule.count)) continue;
      const most = [
        ...(rule.amount === null ? [] : [`${formatAmount(rule.amount, currency.scale)} ${currency.code}`]),
        ...(rule.count === null ? [] : [`${rule.count} entries`]),
      ].join(' and ');
      throw entryRefused(
        VELOCITY_LIMIT,
        index,
        'amount',
        `${account.code} takes ${direction}s of at most ${most} in any ${rule.windowSeconds} seconds.`,
      );
    }
  }
  return [...uses.values()];
}

export const velocityKey = (accountId: string, currency: string, place: number): string =>
  `${balanceKey(accountId, currency)} ${place}`;

export const limitsOf = (account: AccountState, currency: string): CurrencyLimits | undefined =>
  account.limits.find((limits) => limits.currency === currency);
