import { AMOUNT_PATTERN, AmountError, parseAmount } from '../../../common/money/amount';
import { CUSTOM_CURRENCY_CODE, type ScaleOf } from '../../../common/money/currency';
import { TEMPLATE_INVALID } from './refusals.errors';
import { ACCOUNT_CODE, ACCOUNT_PATTERN } from './account';
import { TemplateFault, TemplateFaults } from './template-faults';
import { imbalanceOf } from './template-balance';
import { fillIn, PARAMETER_NAME, parametersIn, soleParameter } from './template-text';
import { wrongWith } from './template-values';
import {
  type Amount,
  type EntryDefinition,
  exactly,
  HUNDRED_PERCENT,
  type Line,
  type Parameter,
  type ParameterDefinition,
  type ParameterType,
  PERCENT_SCALE,
  type Percentage,
  type QuantityDefinition,
  REMAINDER,
  type Share,
  type ShareDefinition,
  type Split,
  type Template,
  TEMPLATE_LINES_MAX,
  type TemplateDefinition,
} from './transaction-template';

const AMOUNT = new RegExp(AMOUNT_PATTERN);
const PERCENT_MAX = 10n * HUNDRED_PERCENT;
const PERCENTAGE_FIELDS = ['percent', 'plus', 'minimum', 'maximum'] as const;
const FIELDS_OF: Readonly<Record<ParameterType, readonly string[]>> = {
  amount: ['currency', 'mayBeZero'],
  account: ['pattern'],
  currency: [],
  string: [],
};

/**
 * Reads a definition whose fields have the right types, and refuses what can be seen to be wrong whatever the values of
 * its parameters will be.
 *
 * @param scaleOf when it is written: currencies must be known and amounts must fit them. Not when it is read again:
 *   currencies never go.
 * @throws Problem `template-invalid`, with every fault that was found
 */
export function readTemplate(definition: TemplateDefinition, scaleOf?: ScaleOf): Template {
  const faults = new TemplateFaults();
  const reader = new DefinitionReader(definition, scaleOf);
  const parameters = definition.parameters.map((given, index) =>
    faults.collect(() => reader.parameter(given, index, `/parameters/${index}`)),
  );
  const lines = definition.entries.map((entry, index) => faults.collect(() => reader.line(entry, `/entries/${index}`)));
  faults.collect(() => {
    reader.texts();
  });
  faults.throwIfAny(TEMPLATE_INVALID);

  const template: Template = {
    parameters: new Map((parameters as Parameter[]).map((parameter) => [parameter.name, parameter])),
    lines: lines as Line[],
    reference: definition.reference ?? null,
    description: definition.description ?? null,
    metadata: definition.metadata ?? {},
  };
  faults.collect(() => {
    const imbalance = imbalanceOf(template);
    if (imbalance !== undefined) throw new TemplateFault('/entries', imbalance);
  });
  faults.throwIfAny(TEMPLATE_INVALID);
  return template;
}

class DefinitionReader {
  private readonly types: ReadonlyMap<string, ParameterDefinition>;

  constructor(
    private readonly definition: TemplateDefinition,
    private readonly scaleOf: ScaleOf | undefined,
  ) {
    this.types = new Map(definition.parameters.map((parameter) => [parameter.name, parameter]));
  }

  parameter(given: ParameterDefinition, index: number, pointer: string): Parameter {
    const { name, type, currency = '', mayBeZero = false, pattern } = given;
    if (!PARAMETER_NAME.test(name))
      throw new TemplateFault(`${pointer}/name`, 'must begin with a small letter and have letters, digits and _ only');
    if (this.definition.parameters.findIndex((other) => other.name === name) < index)
      throw new TemplateFault(`${pointer}/name`, 'must not be the name of another parameter');
    only(given, ['name', 'type', 'default', ...FIELDS_OF[type]], pointer, `is nothing of a parameter of type ${type}`);
    if (type === 'amount') this.currency(currency, `${pointer}/currency`);
    if (pattern !== undefined && !ACCOUNT_PATTERN.test(pattern))
      throw new TemplateFault(`${pointer}/pattern`, 'must be a pattern of account codes, such as users:*:wallet');
    const parameter: Parameter = { name, type, currency, mayBeZero, pattern, default: given.default };
    if (given.default !== undefined) {
      const wrong = wrongWith(parameter, given.default);
      if (wrong !== undefined) throw new TemplateFault(`${pointer}/default`, wrong);
      if (type === 'amount') this.fits(given.default, currency, `${pointer}/default`);
      if (type === 'currency') this.currency(given.default, `${pointer}/default`);
    }
    return parameter;
  }

  line(entry: EntryDefinition, pointer: string): Line {
    const { direction } = entry;
    const way = oneOf(entry, ['amount', 'percent', 'split'], pointer);
    if (way === 'split') {
      only(entry, ['direction', 'currency', 'split', 'into'], pointer, 'does not go with split');
      const of = entry.split ?? '';
      const currency = this.currencyOf(of, entry.currency, `${pointer}/split`, pointer);
      return { direction, currency, account: '', quantity: this.split(of, entry.into ?? [], currency, pointer) };
    }
    const account = this.account(entry.account, `${pointer}/account`);
    if (way === 'percent') {
      only(
        entry,
        ['direction', 'currency', 'account', 'of', ...PERCENTAGE_FIELDS],
        pointer,
        'does not go with percent',
      );
      const of = entry.of ?? '';
      const currency = this.currencyOf(of, entry.currency, `${pointer}/of`, pointer);
      return { direction, currency, account, quantity: this.percentage(entry, of, currency, pointer) };
    }
    only(entry, ['direction', 'currency', 'account', 'amount'], pointer, 'does not go with amount');
    const text = entry.amount ?? '';
    const name = soleParameter(text);
    const currency =
      name === undefined
        ? this.currency(entry.currency, `${pointer}/currency`)
        : this.currencyOf(name, entry.currency, `${pointer}/amount`, pointer);
    return { direction, currency, account, quantity: this.amount(text, currency, `${pointer}/amount`) };
  }

  /** Reference, description and metadata; and what is true of the whole only. */
  texts(): void {
    const { entries, reference, description, metadata } = this.definition;
    const lines = entries.reduce((sum, { into }) => sum + (into?.length ?? 1), 0);
    if (lines < 2 || lines > TEMPLATE_LINES_MAX)
      throw new TemplateFault('/entries', `must make 2 to ${TEMPLATE_LINES_MAX} entries`);
    if (typeof reference === 'string') this.parametersOf(reference, '/reference');
    if (typeof description === 'string') this.parametersOf(description, '/description');
    this.textsIn(metadata, '/metadata');
  }

  private textsIn(value: unknown, pointer: string): void {
    if (typeof value === 'string') this.parametersOf(value, pointer);
    else if (typeof value === 'object' && value !== null)
      for (const [name, member] of Object.entries(value))
        this.textsIn(member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }

  /** Parameters in a text. */
  private parametersOf(text: string, pointer: string): ParameterDefinition[] {
    const names = parametersIn(text);
    if (names === undefined) throw new TemplateFault(pointer, 'has a brace that is not around the name of a parameter');
    return names.map((name) => this.named(name, pointer));
  }

  private named(name: string, pointer: string): ParameterDefinition {
    const parameter = this.types.get(name);
    if (!parameter) throw new TemplateFault(pointer, `names a parameter that is not there: ${name || 'none'}`);
    return parameter;
  }

  private account(text: string | undefined, pointer: string): string {
    if (text === undefined) throw new TemplateFault(pointer, 'is required');
    const sole = soleParameter(text);
    for (const { name, type } of this.parametersOf(text, pointer)) {
      if (type === 'amount') throw new TemplateFault(pointer, `${name} is an amount, not part of an account code`);
      if (type === 'account' && sole === undefined)
        throw new TemplateFault(pointer, `${name} is a whole account, not one segment of a code`);
    }
    if (!ACCOUNT_CODE.test(fillIn(text, () => 'x')))
      throw new TemplateFault(pointer, 'must be an account code or id, with parameters in braces or without');
    return text;
  }

  /** A code that is known, or a parameter of that type in braces. */
  private currency(text: string | undefined, pointer: string): string {
    if (text === undefined || text === '') throw new TemplateFault(pointer, 'is required where no parameter says it');
    const name = soleParameter(text);
    if (name !== undefined) {
      if (this.named(name, pointer).type !== 'currency')
        throw new TemplateFault(pointer, `${name} is not a parameter of type currency`);
    } else if (!CUSTOM_CURRENCY_CODE.test(text) || (this.scaleOf && this.scaleOf(text) === undefined))
      throw new TemplateFault(pointer, 'must be an ISO 4217 code, a currency of this tenant, or a parameter in braces');
    return text;
  }

  /** Currency of an amount parameter, which the entry may repeat. */
  private currencyOf(name: string, repeated: string | undefined, at: string, pointer: string): string {
    const { type, currency = '' } = this.named(name, at);
    if (type !== 'amount') throw new TemplateFault(at, `${name} is not a parameter of type amount`);
    if (repeated !== undefined && repeated !== currency)
      throw new TemplateFault(`${pointer}/currency`, `is not that of ${name}, which is ${currency}`);
    return currency;
  }

  private amount(text: string, currency: string, pointer: string): Amount {
    const name = soleParameter(text);
    if (name === undefined) {
      if (!AMOUNT.test(text) || !/[1-9]/.test(text))
        throw new TemplateFault(pointer, 'must be a decimal string above zero, or a parameter in braces');
      this.fits(text, currency, pointer);
      return { kind: 'literal', text };
    }
    const { type, currency: its } = this.named(name, pointer);
    if (type !== 'amount') throw new TemplateFault(pointer, `${name} is not a parameter of type amount`);
    if (its !== currency) throw new TemplateFault(pointer, `${name} is in ${its}, not in ${currency}`);
    return { kind: 'parameter', name };
  }

  private fits(amount: string, currency: string, pointer: string): void {
    const scale = this.scaleOf?.(currency);
    if (scale === undefined) return;
    try {
      parseAmount(amount, scale);
    } catch (error) {
      if (!(error instanceof AmountError)) throw error;
      throw new TemplateFault(pointer, `is no amount of ${currency}, which has ${scale} decimals`);
    }
  }

  private percentage(given: QuantityDefinition, of: string, currency: string, pointer: string): Percentage {
    const percent = percentOf(given.percent ?? '', `${pointer}/percent`);
    const bound = (field: 'plus' | 'minimum' | 'maximum') => {
      const text = given[field];
      return text === undefined ? undefined : this.amount(text, currency, `${pointer}/${field}`);
    };
    const [plus, minimum, maximum] = [bound('plus'), bound('minimum'), bound('maximum')];
    if (minimum?.kind === 'literal' && maximum?.kind === 'literal' && exactly(minimum.text) > exactly(maximum.text))
      throw new TemplateFault(`${pointer}/maximum`, 'must not be below the minimum');
    return { kind: 'percent', percent, of, plus, minimum, maximum };
  }

  private split(of: string, into: readonly ShareDefinition[], currency: string, pointer: string): Split {
    const shares = into.map((share, index) => this.share(share, of, currency, `${pointer}/into/${index}`));
    assertWhole(into, shares, `${pointer}/into`);
    return { kind: 'split', of, shares };
  }

  private share(given: ShareDefinition, of: string, currency: string, pointer: string): Share {
    const way = oneOf(given, ['amount', 'percent', 'weight'], pointer);
    only(given, ['account', ...(way === 'percent' ? PERCENTAGE_FIELDS : [way])], pointer, `does not go with ${way}`);
    const account = this.account(given.account, `${pointer}/account`);
    if (way === 'percent') return { account, quantity: this.percentage(given, of, currency, pointer) };
    if (way === 'weight') return { account, quantity: { kind: 'rest', weight: BigInt(given.weight ?? 0) } };
    if (given.amount === REMAINDER) return { account, quantity: { kind: 'rest', weight: 1n } };
    return { account, quantity: this.amount(given.amount ?? '', currency, `${pointer}/amount`) };
  }
}

/** The shares of a split sum to the whole, whatever it is: there is a rest, or there are just 100 percent. */
function assertWhole(into: readonly ShareDefinition[], shares: readonly Share[], pointer: string): void {
  if (shares.length < 2) throw new TemplateFault(pointer, 'must have two shares or more');
  const remainders = into.filter(({ amount }) => amount === REMAINDER).length;
  const weighted = into.some(({ weight }) => weight !== undefined);
  if (remainders > 1 || (remainders === 1 && weighted))
    throw new TemplateFault(pointer, 'must have one remainder at the most; several accounts share it by weight');
  const percentages = shares.map(({ quantity }) => quantity).filter((quantity) => quantity.kind === 'percent');
  const percent = percentages.reduce((sum, one) => sum + one.percent, 0n);
  if (remainders === 1 || weighted) {
    if (percent >= HUNDRED_PERCENT)
      throw new TemplateFault(pointer, 'must leave a part of 100 percent to the remainder');
    return;
  }
  const plain = percentages.every(({ plus, minimum, maximum }) => !plus && !minimum && !maximum);
  if (percent !== HUNDRED_PERCENT || percentages.length < shares.length || !plain)
    throw new TemplateFault(pointer, 'do not sum to the whole: give one share the amount "remainder", or weights');
}

function percentOf(text: string, pointer: string): bigint {
  try {
    const percent = parseAmount(text, PERCENT_SCALE);
    if (percent > 0n && percent <= PERCENT_MAX) return percent;
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
  }
  throw new TemplateFault(
    pointer,
    `must be a decimal string above 0, up to 1000, with ${PERCENT_SCALE} decimals at the most`,
  );
}

function oneOf<Field extends string>(
  given: { readonly [Name in Field]?: unknown },
  fields: readonly [Field, ...Field[]],
  pointer: string,
): Field {
  const [way, ...more] = fields.filter((field) => given[field] !== undefined);
  if (way !== undefined && more.length === 0) return way;
  throw new TemplateFault(pointer, `must have one of ${fields.join(', ')}`);
}

function only(given: object, fields: readonly string[], pointer: string, detail: string): void {
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && !fields.includes(name)) throw new TemplateFault(`${pointer}/${name}`, detail);
}
