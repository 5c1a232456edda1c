import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, Matches } from 'class-validator';
import { VALIDATION_FAILED } from '../../../common/problems/http.problems';
import { CUSTOM_CURRENCY_CODE } from '../../../common/money/currency';
import { Problem } from '../../../common/problems/problem';
import { MayBeAbsent } from '../../../platform/http/validators';
import { ACCOUNT_TYPES, type AccountType } from '../../transactions';
import { type Column, COLUMNS } from '../format/columns';
import { isDateFormat } from '../format/date-text';
import { DECIMAL_MARKS, DELIMITERS, type Dialect, ENCODINGS, GROUPINGS, OWN_DIALECT } from '../format/dialect';

const names = <T extends object>(of: T) => Object.keys(of) as (keyof T)[];

/** How the file is written, where it is not as our exports are. */
export class ImportOptions {
  /** Between columns. `auto`: the one that the header has. */
  @ApiPropertyOptional({ enum: names(DELIMITERS), default: 'comma' })
  @MayBeAbsent()
  @IsIn(names(DELIMITERS))
  delimiter?: keyof typeof DELIMITERS;

  /** Before the decimals. `auto`: what each amount itself shows; one that can be read in two ways, such as `1.000`, is refused. */
  @ApiPropertyOptional({ enum: names(DECIMAL_MARKS), default: 'point' })
  @MayBeAbsent()
  @IsIn(names(DECIMAL_MARKS))
  decimalMark?: keyof typeof DECIMAL_MARKS;

  /** Between groups of three digits. `auto`: a space, an apostrophe, or the mark that is not the decimal one. */
  @ApiPropertyOptional({ enum: names(GROUPINGS), default: 'none' })
  @MayBeAbsent()
  @IsIn(names(GROUPINGS))
  grouping?: keyof typeof GROUPINGS;

  /** `yyyy`, `MM` or `M`, and `dd` or `d`, with `.`, `/` or `-` between, or `yyyyMMdd`. */
  @ApiPropertyOptional({ minLength: 5, maxLength: 10, default: 'yyyy-MM-dd', example: 'dd.MM.yyyy' })
  @MayBeAbsent()
  @IsString()
  @Length(5, 10)
  dateFormat?: string;

  @ApiPropertyOptional({ enum: ENCODINGS, default: 'utf-8' })
  @MayBeAbsent()
  @IsIn(ENCODINGS)
  encoding?: Dialect['encoding'];

  /** Name of the column with the transaction’s id. With one of these names, columns that have none are left out. */
  @ApiPropertyOptional({ minLength: 1, maxLength: 100, default: 'transaction', example: 'Belegnummer' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  transactionColumn?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, default: 'date', example: 'Buchungstag' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  dateColumn?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, default: 'description', example: 'Text' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  descriptionColumn?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, default: 'account', example: 'Konto' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  accountColumn?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, default: 'currency', example: 'Währung' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  currencyColumn?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, default: 'amount', example: 'Betrag' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  amountColumn?: string;

  /** Of a file that has no column for it. */
  @ApiPropertyOptional({ minLength: 1, maxLength: 16, example: 'EUR' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 16)
  currency?: string;

  /** Codes by what the file has for them: `€=EUR,h=HOURS`. */
  @ApiPropertyOptional({ maxLength: 2000, example: '€=EUR,h=HOURS' })
  @MayBeAbsent()
  @Matches(/^[^=,]{1,40}=[^=,]{1,40}(,[^=,]{1,40}=[^=,]{1,40})*$/u, {
    message: 'currencyCodes must be pairs such as €=EUR,h=HOURS',
  })
  @Length(3, 2000)
  currencyCodes?: string;

  /** Types of new accounts by the first segment of their code: `Vermögen=asset,Aufwand=expense`. */
  @ApiPropertyOptional({ maxLength: 2000, example: 'Vermögen=asset,Aufwand=expense' })
  @MayBeAbsent()
  @Matches(/^[^=,]{1,100}=[a-z]+(,[^=,]{1,100}=[a-z]+)*$/u, {
    message: 'accountTypes must be pairs such as Vermögen=asset,Aufwand=expense',
  })
  @Length(3, 2000)
  accountTypes?: string;

  /** `number`: whole numbers that ascend. `text`: anything that is one of a kind. */
  @ApiPropertyOptional({ enum: ['number', 'text'], default: 'number' })
  @MayBeAbsent()
  @IsIn(['number', 'text'])
  transactionIds?: Dialect['transactionIds'];
}

/** @throws Problem `validation-failed` for options that contradict each other, or name what there is not */
export function dialectOf(options: GivenOptions): Dialect {
  const { dateFormat = OWN_DIALECT.dateFormat, currency, currencyColumn } = options;
  if (!isDateFormat(dateFormat))
    throw refused('dateFormat', 'must have yyyy, MM or M, and dd or d, once each, with the same . / or - between them');
  if (currency !== undefined && currencyColumn !== undefined)
    throw refused('currency', 'must be left out when there is a currencyColumn');
  const decimalMark = DECIMAL_MARKS[options.decimalMark ?? 'point'];
  const grouping = GROUPINGS[options.grouping ?? 'none'];
  if (decimalMark === grouping && decimalMark !== 'auto')
    throw refused('grouping', 'must be another mark than decimalMark');
  const currencyCodes = pairsOf(options.currencyCodes);
  for (const code of Object.values(currencyCodes))
    if (!CUSTOM_CURRENCY_CODE.test(code))
      throw refused('currencyCodes', `must give codes of 2 to 16 of A-Z, 0-9 and the dot; "${code}" is none`);
  const types = Object.entries(pairsOf(options.accountTypes)).map(([first, type]) => {
    if (!(ACCOUNT_TYPES as readonly string[]).includes(type))
      throw refused('accountTypes', `must give ${ACCOUNT_TYPES.join(', ')}; "${type}" is none of them`);
    return [first.toLowerCase(), type as AccountType] as const;
  });
  return {
    delimiter: DELIMITERS[options.delimiter ?? 'comma'],
    decimalMark,
    grouping,
    dateFormat,
    encoding: options.encoding ?? OWN_DIALECT.encoding,
    columns: columnsOf(options),
    currency,
    currencyCodes,
    accountTypes: Object.fromEntries(types),
    transactionIds: options.transactionIds ?? OWN_DIALECT.transactionIds,
  };
}

export type GivenOptions = Readonly<Pick<ImportOptions, keyof ImportOptions>>;

/** The options that were given, without what else a query has. */
export function optionsIn(query: ImportOptions): GivenOptions {
  const known = new Set<string>([...COLUMNS.map(columnOption), ...OTHERS]);
  return Object.fromEntries(Object.entries(query).filter(([name, value]) => known.has(name) && value !== undefined));
}

const OTHERS = [
  'delimiter',
  'decimalMark',
  'grouping',
  'dateFormat',
  'encoding',
  'currency',
  'currencyCodes',
  'accountTypes',
  'transactionIds',
] as const satisfies readonly (keyof ImportOptions)[];

const columnOption = (column: Column) => `${column}Column` as const;

function columnsOf(options: GivenOptions): Partial<Record<Column, string>> {
  const named = COLUMNS.flatMap((column) => {
    const name = options[columnOption(column)];
    return name === undefined ? [] : [[column, name] as const];
  });
  return Object.fromEntries(named);
}

const pairsOf = (text: string | undefined): Record<string, string> =>
  Object.fromEntries(
    (text ?? '').split(',').flatMap((pair) => (pair === '' ? [] : [pair.split('=') as [string, string]])),
  );

function refused(name: keyof ImportOptions, detail: string): Problem {
  return new Problem(VALIDATION_FAILED, 'One field is not valid.', { errors: [{ pointer: `?${name}`, detail }] });
}
