import { type Direction } from './account';

/** Limits of an account in one currency; amounts in minor units. */
export interface CurrencyLimits {
  readonly currency: string;
  /** Lowest available balance. */
  readonly minimum: bigint | null;
  /** Highest balance, incoming holds included. */
  readonly maximum: bigint | null;
  /** How far below `minimum` the available balance may go, from and until when; null: always. */
  readonly creditLine: { readonly amount: bigint; readonly from: Date | null; readonly until: Date | null } | null;
  /** At most so much, or so many entries, in any stretch of time of that length. */
  readonly velocity: readonly {
    readonly direction: Direction;
    readonly windowSeconds: number;
    readonly amount: bigint | null;
    readonly count: number | null;
  }[];
}

/** {@link CurrencyLimits} as `jsonb`: amounts are texts of minor units, which JSON's numbers could not hold. */
export interface StoredLimits {
  readonly currency: string;
  readonly minimum: string | null;
  readonly maximum: string | null;
  readonly creditLine: { readonly amount: string; readonly from: string | null; readonly until: string | null } | null;
  readonly velocity: readonly {
    readonly direction: Direction;
    readonly windowSeconds: number;
    readonly amount: string | null;
    readonly count: number | null;
  }[];
}

const minor = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
const moment = (text: string | null): Date | null => (text === null ? null : new Date(text));

export function readLimits(stored: readonly StoredLimits[]): CurrencyLimits[] {
  return stored.map(({ currency, minimum, maximum, creditLine, velocity }) => ({
    currency,
    minimum: minor(minimum),
    maximum: minor(maximum),
    creditLine: creditLine && {
      amount: BigInt(creditLine.amount),
      from: moment(creditLine.from),
      until: moment(creditLine.until),
    },
    velocity: velocity.map(({ amount, ...rest }) => ({ ...rest, amount: minor(amount) })),
  }));
}

export function storeLimits(limits: readonly CurrencyLimits[]): StoredLimits[] {
  return limits.map(({ currency, minimum, maximum, creditLine, velocity }) => ({
    currency,
    minimum: minimum?.toString() ?? null,
    maximum: maximum?.toString() ?? null,
    creditLine: creditLine && {
      amount: creditLine.amount.toString(),
      from: creditLine.from?.toISOString() ?? null,
      until: creditLine.until?.toISOString() ?? null,
    },
    velocity: velocity.map(({ amount, ...rest }) => ({ ...rest, amount: amount?.toString() ?? null })),
  }));
}
