import { MAX_SCALE } from '../../../common/money/currency';
import { type Direction } from './account';

export const PARAMETER_TYPES = ['amount', 'currency', 'account', 'string'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** Entries that a template makes, at the most. */
export const TEMPLATE_LINES_MAX = 1000;

/** The amount of a share that gets what the others leave. */
export const REMAINDER = 'remainder';

/** Decimals of a percentage. */
export const PERCENT_SCALE = 8;
export const HUNDRED_PERCENT = 100n * 10n ** BigInt(PERCENT_SCALE);

/** A decimal string in units of the last decimal that any currency has: to be compared and added. */
export function exactly(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(MAX_SCALE, '0'));
}

/** A template as it is written, and kept. Texts have parameters in braces; `of` and `split` name one without. */
export interface TemplateDefinition {
  readonly parameters: readonly ParameterDefinition[];
  readonly reference?: string | null;
  readonly description?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly entries: readonly EntryDefinition[];
}

export interface ParameterDefinition {
  readonly name: string;
  readonly type: ParameterType;
  /** Of an amount: a code, or the parameter in braces that has it. */
  readonly currency?: string;
  /** Of an amount. */
  readonly mayBeZero?: boolean;
  /** Of an account. */
  readonly pattern?: string;
  /** With it the parameter may be left out. */
  readonly default?: string;
}

/** How much: an amount, or a percentage and what comes on top of it, bounded or not. */
export interface QuantityDefinition {
  /** A decimal string, or the parameter in braces. */
  readonly amount?: string;
  readonly percent?: string;
  readonly plus?: string;
  readonly minimum?: string;
  readonly maximum?: string;
}

export interface EntryDefinition extends QuantityDefinition {
  readonly direction: Direction;
  readonly account?: string;
  /** Where no parameter of type amount says it. */
  readonly currency?: string;
  /** What the percentage is of. */
  readonly of?: string;
  /** The amount that is shared out. */
  readonly split?: string;
  readonly into?: readonly ShareDefinition[];
}

export interface ShareDefinition extends QuantityDefinition {
  readonly account: string;
  readonly weight?: number;
}

/** A template that was read: what is left can only go wrong with the values of its parameters. */
export interface Template {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly lines: readonly Line[];
  readonly reference: string | null;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Parameter {
  readonly name: string;
  readonly default: string | undefined;
  readonly type: ParameterType;
  /** Of an amount; a code, or a parameter in braces. Otherwise empty. */
  readonly currency: string;
  readonly mayBeZero: boolean;
  readonly pattern: string | undefined;
}

/** A decimal string, or the parameter that has it. */
export type Amount =
  { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'parameter'; readonly name: string };

export interface Percentage {
  readonly kind: 'percent';
  /** Where 100 % is {@link HUNDRED_PERCENT}. */
  readonly percent: bigint;
  readonly of: string;
  readonly plus: Amount | undefined;
  readonly minimum: Amount | undefined;
  readonly maximum: Amount | undefined;
}

export interface Split {
  readonly kind: 'split';
  readonly of: string;
  readonly shares: readonly Share[];
}

export interface Share {
  readonly account: string;
  /** `rest`: of what the others leave, by weight. */
  readonly quantity: Amount | Percentage | { readonly kind: 'rest'; readonly weight: bigint };
}

export interface Line {
  readonly direction: Direction;
  /** A code, or a parameter in braces. */
  readonly currency: string;
  /** Empty where the shares have it. */
  readonly account: string;
  readonly quantity: Amount | Percentage | Split;
}
