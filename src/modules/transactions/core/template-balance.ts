import {
  type Amount,
  exactly,
  HUNDRED_PERCENT,
  type Line,
  type Percentage,
  type Template,
} from './transaction-template';

interface Term {
  /** What it is a part of: a parameter; a bounded percentage stands for itself. */
  readonly of: string;
  /** Rounded as a whole, unless it is {@link HUNDRED_PERCENT}. */
  readonly percent: bigint;
  readonly parameters: readonly string[];
  /** How often it is debited, less how often it is credited. */
  count: bigint;
}

/** Debits minus credits of one currency, in terms of the parameters. */
interface Sum {
  /** In units of the 18th decimal. */
  constant: bigint;
  readonly terms: Map<string, Term>;
}

/**
 * Why entries can be seen not to balance, if they can. What is debited and what is credited must be the same amounts;
 * or there are two parameters or more, which the caller must then give so that they add up.
 */
export function imbalanceOf(template: Template): string | undefined {
  const sums = new Map<string, Sum>();
  for (const line of template.lines) {
    const sum = sums.get(line.currency) ?? { constant: 0n, terms: new Map<string, Term>() };
    sums.set(line.currency, sum);
    addLine(sum, line);
  }
  for (const [currency, sum] of sums) {
    const reason = reasonOf(sum);
    if (reason !== undefined) return `debits and credits of ${currency} ${reason}`;
  }
  return undefined;
}

function addLine(sum: Sum, { direction, quantity }: Line): void {
  const sign = direction === 'debit' ? 1n : -1n;
  if (quantity.kind === 'percent') addPercentage(sum, quantity, sign);
  // the shares of a split sum to the whole
  else addAmount(sum, quantity.kind === 'split' ? { kind: 'parameter', name: quantity.of } : quantity, sign);
}

function addAmount(sum: Sum, amount: Amount, sign: bigint): void {
  if (amount.kind === 'literal') sum.constant += sign * exactly(amount.text);
  else addTerm(sum, { of: amount.name, percent: HUNDRED_PERCENT, parameters: [amount.name], count: sign });
}

function addPercentage(sum: Sum, quantity: Percentage, sign: bigint): void {
  const { percent, of, plus, minimum, maximum } = quantity;
  const parameters = [of];
  if (minimum ?? maximum) {
    // in no proportion to anything: it is the same amount as another one only if it is written the same
    for (const part of [plus, minimum, maximum]) if (part?.kind === 'parameter') parameters.push(part.name);
    const text = JSON.stringify([of, `${percent}`, plus, minimum, maximum]);
    addTerm(sum, { of: text, percent: HUNDRED_PERCENT, parameters, count: sign });
    return;
  }
  // whole hundreds are not rounded: 119 % is the amount itself and 19 % of it
  addTerm(sum, { of, percent: HUNDRED_PERCENT, parameters, count: sign * (percent / HUNDRED_PERCENT) });
  addTerm(sum, { of, percent: percent % HUNDRED_PERCENT, parameters, count: sign });
  if (plus) addAmount(sum, plus, sign);
}

function addTerm({ terms }: Sum, term: Term): void {
  const key = `${term.percent} ${term.of}`;
  const there = terms.get(key);
  if (there) there.count += term.count;
  else terms.set(key, term);
}

function reasonOf({ constant, terms }: Sum): string | undefined {
  const left = [...terms.values()].filter(({ count, percent }) => count * percent !== 0n);
  if (left.length === 0) return constant === 0n ? undefined : 'differ';
  if (new Set(left.flatMap(({ parameters }) => parameters)).size < 2) {
    const proportion = left.reduce((sum, { count, percent }) => sum + count * percent, 0n);
    return proportion === 0n && constant === 0n
      ? 'can differ by a unit, because percentages are rounded one by one: use a split'
      : 'differ, but for one amount at the most';
  }
  const factors = new Map<string, bigint>();
  for (const { count, percent, of } of left) factors.set(of, (factors.get(of) ?? 0n) + count * percent);
  const signs = [constant, ...factors.values()].filter((factor) => factor !== 0n).map((factor) => factor > 0n);
  return signs.length > 0 && signs.every((sign) => sign === signs[0]) ? 'differ' : undefined;
}
