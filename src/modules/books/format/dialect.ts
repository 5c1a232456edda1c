import { type AccountType } from '../../transactions';
import { type Column, COLUMNS } from './columns';

/** How a program writes its files. */
export interface Dialect {
  /** `auto`: the one of them that the header has. */
  readonly delimiter: ',' | ';' | '\t' | '|' | 'auto';
  /** `auto`: what an amount itself shows; one that can be read in two ways is refused. */
  readonly decimalMark: '.' | ',' | 'auto';
  /** Between groups of three digits. `auto`: the mark that is not the decimal one, an apostrophe or a space. */
  readonly grouping: '' | '.' | ',' | "'" | ' ' | 'auto';
  /** `yyyy`, `MM` or `M`, and `dd` or `d`, in any order, with `.`, `/` or `-` between, or with nothing. */
  readonly dateFormat: string;
  readonly encoding: (typeof ENCODINGS)[number];
  /** Names in the header, where they are not ours. With any, other columns of the file are left out. */
  readonly columns: Readonly<Partial<Record<Column, string>>>;
  /** Of files without a column for it. */
  readonly currency: string | undefined;
  /** Codes of currencies by what the file has for them, such as `€` or `h`. */
  readonly currencyCodes: Readonly<Record<string, string>>;
  /** Types of new accounts by the first segment of their code, in lower case. */
  readonly accountTypes: Readonly<Record<string, AccountType>>;
  readonly transactionIds: 'number' | 'text';
}

export const ENCODINGS = ['utf-8', 'windows-1252', 'iso-8859-15', 'utf-16le', 'utf-16be'] as const;
export const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|', auto: 'auto' } as const;
export const DECIMAL_MARKS = { point: '.', comma: ',', auto: 'auto' } as const;
export const GROUPINGS = { none: '', point: '.', comma: ',', apostrophe: "'", space: ' ', auto: 'auto' } as const;

/** As our own exports are written. */
export const OWN_DIALECT: Dialect = {
  delimiter: ',',
  decimalMark: '.',
  grouping: '',
  dateFormat: 'yyyy-MM-dd',
  encoding: 'utf-8',
  columns: {},
  currency: undefined,
  currencyCodes: {},
  accountTypes: {},
  transactionIds: 'number',
};

/** Names of the six columns in a file of this dialect; undefined: it has none for it. */
export function columnNames({ columns, currency }: Dialect): Readonly<Record<Column, string | undefined>> {
  const names = COLUMNS.map((name) => [name, columns[name] ?? (name === 'currency' && currency ? undefined : name)]);
  return Object.fromEntries(names) as Record<Column, string | undefined>;
}

/**
 * The delimiter of a file, by its first line; undefined where none of them is in it, or more than one and no two of them
 * would leave the header's names whole.
 */
export function delimiterOf(
  header: string,
  names: readonly string[],
): Exclude<Dialect['delimiter'], 'auto'> | undefined {
  const candidates = ([';', '\t', '|', ','] as const).filter((mark) => {
    const cells = header.split(mark).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
    return names.every((name) => cells.includes(name));
  });
  return candidates.length === 1 ? candidates[0] : undefined;
}
