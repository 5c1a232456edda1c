import { type Dialect } from './dialect';

/** What an amount is as ours, or why it cannot be one. */
export type AmountText = { readonly amount: string } | { readonly defect: string };

const SPACES = /[ \u00a0\u202f]/g;

/**
 * An amount of a file as our own files have it: `1.234,50-` is `-1234.50`. What is no amount comes back as it is, for
 * whoever checks it says what one is.
 */
export function amountText(
  text: string,
  { decimalMark, grouping }: Pick<Dialect, 'decimalMark' | 'grouping'>,
): AmountText {
  if (decimalMark === '.' && grouping === '') return { amount: text };
  const { sign, rest } = signOf(text.trim());
  const digits = rest.replace(SPACES, ' ');
  const decimal = decimalMark === 'auto' ? decimalMarkIn(digits, grouping) : decimalMark;
  if (decimal === undefined)
    return {
      defect: `can be read in two ways: say decimalMark and grouping, for "${shown(text)}" is ${digits.replace(/[.,]/, '.')} or ${digits.replace(/[.,]/, '')}`,
    };
  const [whole = '', fraction, ...more] = digits.split(decimal);
  const ungrouped = withoutGroups(whole, decimal, grouping);
  const wrong = ungrouped === undefined || more.length > 0 || (fraction !== undefined && !/^\d+$/.test(fraction));
  if (wrong) return { defect: `must be a number with ${describe(decimal, grouping)}; "${shown(text)}" is none` };
  return { amount: `${sign}${ungrouped}${fraction === undefined ? '' : `.${fraction}`}` };
}

/** Before or after the digits; a minus as books have it is one, too. */
function signOf(text: string): { sign: string; rest: string } {
  const minus = text.replace('\u2212', '-');
  if (minus.startsWith('-')) return { sign: '-', rest: minus.slice(1).trim() };
  if (minus.endsWith('-')) return { sign: '-', rest: minus.slice(0, -1).trim() };
  return { sign: '', rest: minus.startsWith('+') ? minus.slice(1).trim() : minus };
}

/** Undefined: there is one mark, once, and three digits after it. */
function decimalMarkIn(digits: string, grouping: Dialect['grouping']): '.' | ',' | undefined {
  if (grouping === '.') return ',';
  if (grouping === ',') return '.';
  const marks = digits.match(/[.,]/g) ?? [];
  const [first, last] = [marks[0], marks.at(-1)];
  if (first === undefined || last === undefined) return '.';
  const other = last === '.' ? ',' : '.';
  // both marks: the last one is the decimal's; one of them several times: it is between groups
  if (marks.some((mark) => mark !== last)) return last as '.' | ',';
  if (marks.length > 1) return other;
  const [whole = '', fraction = ''] = digits.split(last);
  const couldBeGroup = grouping !== '' && fraction.length === 3 && /^[1-9]\d{0,2}$/.test(whole);
  return couldBeGroup ? undefined : (last as '.' | ',');
}

function withoutGroups(whole: string, decimal: '.' | ',', grouping: Dialect['grouping']): string | undefined {
  if (/^\d+$/.test(whole)) return whole.replace(/^0+(?=\d)/, '');
  const marks =
    grouping === 'auto' ? [decimal === '.' ? ',' : '.', "'", '’', ' '] : grouping === "'" ? ["'", '’'] : [grouping];
  const mark = marks.find((each) => each !== '' && whole.includes(each));
  if (mark === undefined) return undefined;
  const [head = '', ...groups] = whole.split(mark);
  const grouped = /^\d{1,3}$/.test(head) && groups.every((group) => /^\d{3}$/.test(group));
  return grouped ? (head + groups.join('')).replace(/^0+(?=\d)/, '') : undefined;
}

const NAMES = { '.': 'a point', ',': 'a comma', "'": 'an apostrophe', ' ': 'a space' } as const;

function describe(decimal: '.' | ',', grouping: Dialect['grouping']): string {
  const before = `${NAMES[decimal]} before the decimals`;
  if (grouping === '') return `${before} and no separators`;
  return grouping === 'auto' ? before : `${before} and ${NAMES[grouping]} between groups of three digits`;
}

const shown = (text: string) => text.slice(0, 40);
