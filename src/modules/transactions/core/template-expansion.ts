import { allocate, AmountError, formatAmount, MAX_MINOR_UNITS, parseAmount } from '../../../common/money/amount';
import { CUSTOM_CURRENCY_CODE, type ScaleOf } from '../../../common/money/currency';
import { Problem } from '../../../common/problems/problem';
import { TEMPLATE_PARAMETERS_INVALID, UNBALANCED } from './refusals.errors';
import { ACCOUNT_CODE, ACCOUNT_SEGMENT } from './account';
import { isMetadata } from '../../../common/http/metadata';
import { type PostingEntry } from './orders';
import { TemplateFault, TemplateFaults } from './template-faults';
import { fillIn, parametersIn, soleParameter } from './template-text';
import { wrongWith } from './template-values';
import {
  type Amount,
  HUNDRED_PERCENT,
  type Line,
  type Parameter,
  type Percentage,
  type Share,
  type Split,
  type Template,
} from './transaction-template';

const REFERENCE_MAX = 255;
const DESCRIPTION_MAX = 1000;

/** What a template comes to. Parts of zero are left out; the others are in the order of the template. */
export interface Expansion {
  readonly entries: readonly PostingEntry[];
  readonly reference: string | null;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * The entries of a template, for the values of its parameters. They balance; each is above zero; the shares of a split
 * sum to its whole, and none of its percentages is a unit or more away from the exact part (largest remainder). A
 * percentage outside a split is rounded to the nearest unit, halves up.
 *
 * @throws Problem `template-parameters-invalid`, `unbalanced`, with pointers into `/parameters`
 */
export function expandTemplate(
  template: Template,
  parameters: Readonly<Record<string, unknown>>,
  scaleOf: ScaleOf,
): Expansion {
  const faults = new TemplateFaults();
  const texts = readTexts(template, parameters, faults);
  const valueOf = (name: string) => texts.get(name) ?? '';
  faults.throwIfAny(TEMPLATE_PARAMETERS_INVALID);

  const expander = new Expander(template, valueOf, scaleOf);
  for (const { type, name } of template.parameters.values())
    if (type === 'amount')
      faults.collect(() => {
        expander.read(name);
      });
  faults.throwIfAny(TEMPLATE_PARAMETERS_INVALID);

  const parts = template.lines.flatMap((line) => faults.collect(() => expander.partsOf(line)) ?? []);
  const written = faults.collect(() => textsOf(template, valueOf));
  faults.throwIfAny(TEMPLATE_PARAMETERS_INVALID);

  const entries = parts.filter(({ minor }) => minor > 0n);
  faults.collect(() => {
    if (entries.length < 2) throw new TemplateFault('/parameters', 'leave no two entries above zero');
  });
  faults.throwIfAny(TEMPLATE_PARAMETERS_INVALID);
  assertBalanced(template, entries);
  return {
    entries: entries.map(({ account, direction, minor, currency, scale }) => ({
      account,
      direction,
      amount: formatAmount(minor, scale),
      currency,
    })),
    ...(written as Omit<Expansion, 'entries'>),
  };
}

/** The currencies that an expansion asks the scale of. */
export function currenciesOf(template: Template, given: Readonly<Record<string, unknown>>): string[] {
  const valueOf = (name: string): string => {
    const value = Object.hasOwn(given, name) ? given[name] : template.parameters.get(name)?.default;
    return typeof value === 'string' ? value : '';
  };
  const used = [...template.lines, ...template.parameters.values()].map(({ currency }) => fillIn(currency, valueOf));
  return [...new Set(used)].filter((code) => CUSTOM_CURRENCY_CODE.test(code));
}

/** Values as they were given, or defaults, by name. */
function readTexts(
  { parameters }: Template,
  given: Readonly<Record<string, unknown>>,
  faults: TemplateFaults,
): Map<string, string> {
  for (const name of Object.keys(given))
    faults.collect(() => {
      if (!parameters.has(name)) throw new TemplateFault(at(name), 'is not a parameter of the template');
    });
  const texts = new Map<string, string>();
  for (const parameter of parameters.values())
    faults.collect(() => {
      const { name } = parameter;
      const value = Object.hasOwn(given, name) ? given[name] : parameter.default;
      if (value === undefined) throw new TemplateFault(at(name), 'is required');
      const wrong = wrongWith(parameter, value);
      if (wrong !== undefined) throw new TemplateFault(at(name), wrong);
      texts.set(name, value as string);
    });
  return texts;
}

/** One entry to be, in minor units. */
interface Part extends Omit<PostingEntry, 'amount'> {
  readonly minor: bigint;
  readonly scale: number;
}

class Expander {
  private readonly amounts = new Map<string, bigint>();

  constructor(
    private readonly template: Template,
    private readonly valueOf: (name: string) => string,
    private readonly scaleOf: ScaleOf,
  ) {}

  /** Takes the value of a parameter of type amount. */
  read(name: string): void {
    const { currency } = this.template.parameters.get(name) as Parameter;
    this.amounts.set(name, this.parse(this.valueOf(name), currency, at(name)));
  }

  partsOf(line: Line): Part[] {
    const { direction, quantity } = line;
    const currency = fillIn(line.currency, this.valueOf);
    const scale = this.scale(line.currency);
    const part = (account: string, minor: bigint): Part => {
      if (minor > MAX_MINOR_UNITS) throw new TemplateFault('/parameters', 'come to an amount of more than 38 digits');
      return { account: this.account(account), direction, currency, minor, scale };
    };
    if (quantity.kind === 'split')
      return this.sharesOf(quantity, line.currency).map(([{ account }, minor]) => part(account, minor));
    const minor =
      quantity.kind === 'percent'
        ? this.bounded(quantity, nearest(this.minorOf(quantity.of), quantity.percent), line.currency)
        : this.amount(quantity, line.currency);
    return [part(line.account, minor)];
  }

  private sharesOf({ of, shares }: Split, currency: string): [Share, bigint][] {
    const whole = this.minorOf(of);
    const percents = shares.map(({ quantity }) => (quantity.kind === 'percent' ? quantity.percent : 0n));
    const others = HUNDRED_PERCENT - percents.reduce((sum, percent) => sum + percent, 0n);
    const rounded = allocate(whole, [...percents, others]);
    const minor = shares.map(({ quantity }, index) => {
      if (quantity.kind === 'rest') return 0n;
      if (quantity.kind === 'percent') return this.bounded(quantity, rounded[index] ?? 0n, currency);
      return this.amount(quantity, currency);
    });
    const weights = shares.map(({ quantity }) => (quantity.kind === 'rest' ? quantity.weight : 0n));
    const rest = whole - minor.reduce((sum, part) => sum + part, 0n);
    if (rest < 0n) throw new TemplateFault(at(of), 'is less than the parts that are taken from it');
    // without weights the percentages are the whole
    const rests = rest === 0n ? [] : allocate(rest, weights);
    return shares.map((share, index) => [share, (minor[index] ?? 0n) + (rests[index] ?? 0n)]);
  }

  /** With what comes on top, and not below its minimum; a maximum has the last word. */
  private bounded({ plus, minimum, maximum }: Percentage, minor: bigint, currency: string): bigint {
    let amount = minor + (plus ? this.amount(plus, currency) : 0n);
    const least = minimum && this.amount(minimum, currency);
    if (least !== undefined && amount < least) amount = least;
    const most = maximum && this.amount(maximum, currency);
    return most !== undefined && amount > most ? most : amount;
  }

  private amount(amount: Amount, currency: string): bigint {
    return amount.kind === 'parameter' ? this.minorOf(amount.name) : this.parse(amount.text, currency);
  }

  private minorOf(name: string): bigint {
    return this.amounts.get(name) ?? 0n;
  }

  private scale(currency: string): number {
    const code = fillIn(currency, this.valueOf);
    const scale = this.scaleOf(code);
    if (scale !== undefined) return scale;
    const detail = `is neither an ISO 4217 currency nor one of this tenant: ${code}`;
    throw new TemplateFault(atCurrency(currency), detail);
  }

  /** @param pointer of the parameter; a text of the template itself can only be wrong for a currency that was given */
  private parse(text: string, currency: string, pointer = atCurrency(currency)): bigint {
    const scale = this.scale(currency);
    try {
      return parseAmount(text, scale);
    } catch (error) {
      if (!(error instanceof AmountError)) throw error;
      const why = error.reason === 'precision' ? `has ${scale} decimals` : 'has 38 digits in minor units at the most';
      throw new TemplateFault(pointer, `"${text}" is no amount of ${fillIn(currency, this.valueOf)}, which ${why}`);
    }
  }

  private account(text: string): string {
    const names = parametersIn(text) ?? [];
    const sole = soleParameter(text);
    if (sole !== undefined && this.template.parameters.get(sole)?.type === 'account') return this.valueOf(sole);
    for (const name of names)
      if (!ACCOUNT_SEGMENT.test(this.valueOf(name)))
        throw new TemplateFault(at(name), 'must be one segment of an account code: letters, digits and _ . -');
    const code = fillIn(text, this.valueOf);
    if (ACCOUNT_CODE.test(code)) return code;
    throw new TemplateFault(at(names[0] ?? ''), 'makes an account code of more than 255 characters');
  }
}

function textsOf({ reference, description, metadata }: Template, valueOf: (name: string) => string) {
  const fill = (text: string | null, max: number): string | null => {
    if (text === null) return null;
    const filled = fillIn(text, valueOf);
    if (filled.length <= max) return filled;
    throw new TemplateFault(at(parametersIn(text)?.[0] ?? ''), `makes a text of more than ${max} characters`);
  };
  const filled = fillAll(metadata, valueOf);
  if (!isMetadata(filled)) throw new TemplateFault('/parameters', 'make the metadata too large');
  return {
    reference: fill(reference, REFERENCE_MAX),
    description: fill(description, DESCRIPTION_MAX),
    metadata: filled,
  };
}

function fillAll(value: unknown, valueOf: (name: string) => string): unknown {
  if (typeof value === 'string') return fillIn(value, valueOf);
  if (Array.isArray(value)) return value.map((member) => fillAll(member, valueOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fillAll(member, valueOf)]));
}

function assertBalanced({ parameters }: Template, entries: readonly Part[]): void {
  const sums = new Map<string, bigint>();
  for (const { currency, direction, minor } of entries)
    sums.set(currency, (sums.get(currency) ?? 0n) + (direction === 'debit' ? minor : -minor));
  const off = [...sums].filter(([, sum]) => sum !== 0n).map(([code]) => code);
  if (off.length === 0) return;
  throw new Problem(UNBALANCED, `Debits and credits differ in ${off.join(', ')}.`, {
    errors: [...parameters.values()]
      .filter(({ type }) => type === 'amount')
      .map(({ name }) => ({ pointer: at(name), detail: 'must add up with the other amounts' })),
  });
}

/** A percentage of an amount, to the nearest unit; halves up. */
function nearest(whole: bigint, percent: bigint): bigint {
  return (2n * whole * percent + HUNDRED_PERCENT) / (2n * HUNDRED_PERCENT);
}

const at = (name: string) => `/parameters/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

function atCurrency(currency: string): string {
  const name = soleParameter(currency);
  return name === undefined ? '/parameters' : at(name);
}
