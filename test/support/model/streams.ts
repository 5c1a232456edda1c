import * as fc from 'fast-check';
import { type AccountPlan } from '../../../src/modules/transactions/core/new-account';
import { type ModelAccount } from './types';

/*
 * Random streams of commands, small enough to be read when one fails. What a command needs from the ledger (which hold,
 * how much is left) is chosen when it is carried out, so that fast-check can leave any of the others out.
 */

export const SCALES = { EUR: 2, JPY: 0, KWD: 3, PTS: 0 } as const;
export type ModelCurrency = keyof typeof SCALES;

export const ACCOUNTS: readonly ModelAccount[] = [
  { code: 'assets:cash', grows: 'debit' },
  { code: 'revenue:sales', grows: 'credit' },
  { code: 'assets:wallet', grows: 'debit', limits: [{ currency: 'EUR', minimum: 0n, maximum: 60n }] },
  {
    code: 'liabilities:wallet',
    grows: 'credit',
    limits: [
      { currency: 'EUR', minimum: 0n, creditLine: { amount: 20n } },
      { currency: 'JPY', minimum: -10n, maximum: 40n },
    ],
  },
  { code: 'assets:euro', grows: 'debit', currencies: ['EUR', 'JPY'] },
  {
    code: 'liabilities:card',
    grows: 'credit',
    limits: [
      {
        currency: 'EUR',
        velocity: [
          { direction: 'debit', seconds: 60, amount: 50n },
          { direction: 'debit', seconds: 3_600, count: 6 },
          { direction: 'credit', seconds: 5, amount: 40n, count: 3 },
        ],
      },
    ],
  },
];
/** Named by entries, and not there from the start: an open ledger makes the first two. */
export const NEW_CODES = ['assets:new', 'liabilities:new:one', 'nobody'] as const;

/** Account templates of the open ledger, and the same in the model's words. */
export const PLANS: readonly AccountPlan[] = [
  {
    pattern: 'liabilities:new:*',
    name: 'By template',
    type: 'liability',
    normalBalance: 'credit',
    currencies: ['EUR', 'JPY'],
    limits: [
      {
        ...{ currency: 'EUR', minimum: -5n, maximum: 30n, creditLine: null },
        velocity: [{ direction: 'credit', windowSeconds: 60, amount: 25n, count: null }],
      },
    ],
    metadata: { made: true },
  },
];
export function modelAccountOf(code: string): ModelAccount | undefined {
  if (code === 'liabilities:new:one') {
    const velocity = [{ direction: 'credit', seconds: 60, amount: 25n }] as const;
    const limits = [{ currency: 'EUR', minimum: -5n, maximum: 30n, velocity }];
    return { code, grows: 'credit', currencies: ['EUR', 'JPY'], limits };
  }
  if (code.startsWith('assets:')) return { code, grows: 'debit' };
  return code.startsWith('liabilities:') ? { code, grows: 'credit' } : undefined;
}

interface PairSpec {
  readonly debit: number;
  readonly credit: number;
  readonly amount: number;
  readonly currency: ModelCurrency;
  readonly split: boolean;
}
interface ConditionSpec {
  readonly entry: number;
  readonly kind: 'version' | 'least' | 'most';
  /** From what makes it just true. */
  readonly off: number;
}
type Flaw = 'unbalanced' | 'precision' | 'zero' | 'huge' | 'currency';
export interface PartSpec {
  readonly kind: 'whole' | 'amount' | 'entries';
  /** Of what is left, in eighths; 9 is more than there is. */
  readonly eighths: number;
  readonly flaw: boolean;
}
export type CommandSpec =
  | {
      readonly kind: 'posting';
      readonly pending: boolean;
      /** Milliseconds from now; null: never. */
      readonly expiresIn: number | null;
      readonly pairs: readonly PairSpec[];
      readonly condition: ConditionSpec | null;
      readonly flaw: Flaw | null;
      readonly reference: number | null;
    }
  | {
      readonly kind: 'capture';
      readonly pick: number;
      readonly part: PartSpec;
      readonly releaseRest: boolean;
      readonly reference: number | null;
    }
  | { readonly kind: 'void'; readonly pick: number; readonly reference: number | null }
  | { readonly kind: 'reversal'; readonly pick: number; readonly part: PartSpec; readonly reference: number | null };

export interface UnitSpec {
  readonly atomic: boolean;
  readonly dryRun: boolean;
  readonly commands: readonly {
    readonly command: CommandSpec;
    /** Undefined: a key of its own. `repeat`: what was asked with the key before. */
    readonly key: { readonly number: number; readonly repeat: boolean } | undefined;
  }[];
}
export type Change = Partial<Pick<ModelAccount, 'open' | 'frozen' | 'limits'>>;
interface BatchSpec {
  /** Milliseconds since the batch before. */
  readonly after: number;
  readonly change: { readonly account: number; readonly to: Change } | null;
  readonly units: readonly UnitSpec[];
}
export interface StreamSpec {
  readonly open: boolean;
  readonly batches: readonly BatchSpec[];
}

/** Once in `times`, otherwise null. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
const chance = (times: number) => rarely(fc.constant(true), times).map((one) => one === true);
const reference = rarely(fc.nat(3), 12);
const existing = fc.nat(ACCOUNTS.length - 1);
const pair = fc.record({
  // now and then one that is not there
  debit: fc.oneof(
    { weight: 9, arbitrary: existing },
    fc.integer({ min: ACCOUNTS.length, max: ACCOUNTS.length + NEW_CODES.length - 1 }),
  ),
  credit: existing,
  amount: fc.integer({ min: 1, max: 30 }),
  currency: fc.oneof({ weight: 6, arbitrary: fc.constant('EUR' as const) }, fc.constantFrom('JPY', 'KWD', 'PTS')),
  split: fc.boolean(),
});
const swapped = fc.tuple(pair, fc.boolean()).map(([{ debit, credit, ...rest }, swap]) => ({
  ...rest,
  ...(swap ? { debit: credit, credit: debit } : { debit, credit }),
}));
const condition: fc.Arbitrary<ConditionSpec> = fc.record({
  entry: fc.nat(3),
  kind: fc.constantFrom('version', 'least', 'most'),
  off: fc.constantFrom(0, 0, 0, 1, -1),
});
const flaw = fc.constantFrom<Flaw>('unbalanced', 'precision', 'zero', 'huge', 'currency');
const part: fc.Arbitrary<PartSpec> = fc.record({
  kind: fc.constantFrom('whole', 'amount', 'amount', 'entries', 'entries'),
  eighths: fc.constantFrom(1, 2, 3, 4, 8, 9),
  flaw: chance(10),
});

const funding = (debit: number, credit: number, pending = false): UnitSpec => {
  const pairs = [{ debit, credit, amount: 40, currency: 'EUR' as const, split: false }];
  const command = {
    kind: 'posting' as const,
    pending,
    expiresIn: null,
    pairs,
    condition: null,
    flaw: null,
    reference: null,
  };
  return { atomic: false, dryRun: false, commands: [{ command, key: undefined }] };
};
/** What every stream begins with, so that there is something to spend and to settle. */
export const opening: readonly UnitSpec[] = [funding(0, 3), funding(2, 1), funding(0, 5), funding(4, 1, true)];

/** @param expiries milliseconds from now at which holds end */
export function streams(expiries: readonly number[], steps: readonly number[]): fc.Arbitrary<StreamSpec> {
  const posting = (pending: boolean) =>
    fc.record({
      kind: fc.constant('posting' as const),
      pending: fc.constant(pending),
      expiresIn: pending ? fc.option(fc.constantFrom(...expiries), { freq: 2 }) : fc.constant(null),
      pairs: fc.array(swapped, { minLength: 1, maxLength: 3 }),
      condition: rarely(condition, 6),
      flaw: rarely(flaw, 15),
      reference,
    });
  const pick = fc.nat(40);
  const command: fc.Arbitrary<CommandSpec> = fc.oneof(
    { weight: 5, arbitrary: posting(false) },
    { weight: 4, arbitrary: posting(true) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('capture' as const),
        pick,
        part,
        releaseRest: chance(4),
        reference,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('void' as const), pick, reference }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('reversal' as const), pick, part, reference }),
    },
  );
  const keyed = fc.record({
    command,
    key: rarely(fc.record({ number: fc.nat(4), repeat: fc.boolean() }), 3).map((key) => key ?? undefined),
  });
  const single = fc.record({
    atomic: fc.constant(false),
    dryRun: chance(8),
    commands: fc.array(keyed, { minLength: 1, maxLength: 1 }),
  });
  const several = fc.record({
    atomic: fc.boolean(),
    dryRun: chance(5),
    commands: fc.array(keyed, { minLength: 1, maxLength: 5 }),
  });
  const limits = fc.constantFrom<Change>(
    { limits: [] },
    { limits: [{ currency: 'EUR', minimum: 0n }] },
    { limits: [{ currency: 'EUR', minimum: 0n, creditLine: { amount: 15n, from: 1_000, until: 5_000 } }] },
    { limits: [{ currency: 'EUR', maximum: 25n, velocity: [{ direction: 'credit', seconds: 60, count: 2 }] }] },
  );
  const change = fc.record({
    account: fc.nat(ACCOUNTS.length - 1),
    to: fc.oneof(
      { weight: 2, arbitrary: fc.constant<Change>({ open: true, frozen: undefined }) },
      fc.constantFrom<Change>({ open: false }, { frozen: 'debit' }, { frozen: 'credit' }, { frozen: 'both' }),
      limits,
    ),
  });
  const batch = fc.record({
    after: fc.constantFrom(...steps),
    change: rarely(change, 3),
    units: fc.array(fc.oneof({ weight: 3, arbitrary: single }, several), { minLength: 1, maxLength: 4 }),
  });
  return fc.record({ open: fc.boolean(), batches: fc.array(batch, { minLength: 1, maxLength: 6 }) });
}

/** Moments of a change are said from the start of the stream. */
export function dated(change: Change, start: number): Change {
  const moment = (name: 'from' | 'until', time: number | undefined) =>
    time === undefined ? {} : { [name]: start + time };
  const limits = change.limits?.map(({ creditLine: line, ...rest }) =>
    line
      ? { ...rest, creditLine: { amount: line.amount, ...moment('from', line.from), ...moment('until', line.until) } }
      : rest,
  );
  return { ...change, ...(limits && { limits }) };
}

/** Every refusal that a stream can meet. */
export const CODES = [
  ...['account-closed', 'account-frozen', 'already-reversed', 'amount-out-of-range', 'amount-precision'],
  ...['balance-limit-exceeded', 'condition-failed', 'currency-not-allowed', 'exceeds-remaining', 'expiry-passed'],
  ...['hold-not-pending', 'idempotency-key-reused', 'insufficient-funds', 'not-a-hold', 'not-reversible'],
  ...['reference-used', 'several-currencies', 'transaction-not-found', 'unbalanced', 'unknown-account'],
  ...['unknown-currency', 'velocity-limit-exceeded'],
];
