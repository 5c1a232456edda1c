import { isUtf8 } from 'node:buffer';
import { type CsvError, parse, type Parser } from 'csv-parse';
import { cellText } from '../../../common/text/spreadsheet-cell';
import { amountText } from './amount-text';
import { type BookRow, type Column, COLUMNS, type DefectiveRow, UnreadableBook } from './columns';
import { dateReader } from './date-text';
import { columnNames, delimiterOf, type Dialect, OWN_DIALECT } from './dialect';

/** Longest row, in bytes. A quote that is never closed would otherwise make one row of the whole rest. */
const LONGEST_ROW = 65_536;
const LINE_FEED = 0x0a;

/**
 * Reads a book: UTF-8 with or without a byte order mark, RFC 4180 quotes, lines that end in LF or CRLF, a header that
 * names the columns in any order. Holds no more than one block of the file.
 *
 * @param blocks the bytes of the file, cut anywhere
 * @param dialect where it is not one of ours; rows come out as ours
 * @throws UnreadableBook after the rows before it were given out
 */
export async function* readRows(
  blocks: AsyncIterable<Uint8Array>,
  dialect: Dialect = OWN_DIALECT,
): AsyncGenerator<readonly (BookRow | DefectiveRow)[]> {
  let parser: RowParser | undefined;
  let unreadable: UnreadableBook | undefined;
  try {
    for await (const lines of readableLines(inUtf8(blocks, dialect))) {
      parser ??= new RowParser({ ...dialect, delimiter: delimiterIn(lines, dialect) });
      const rows = await parser.take(lines);
      if (rows.length > 0) yield rows;
      parser.assertReadable();
    }
  } catch (error) {
    if (!(error instanceof UnreadableBook)) throw error;
    unreadable = error;
  }
  if (!parser) throw unreadable ?? new UnreadableBook(1, `must be the header: ${headerOf(dialect)}`);
  // the parser holds the last row back until it sees what follows
  const rows = await parser.end();
  if (rows.length > 0) yield rows;
  parser.assertReadable();
  if (unreadable) throw unreadable;
  if (!parser.sawHeader) throw new UnreadableBook(1, `must be the header: ${headerOf(dialect)}`);
}

const headerOf = (dialect: Dialect) =>
  Object.values(columnNames(dialect))
    .filter((name) => name !== undefined)
    .join(dialect.delimiter === 'auto' ? ',' : dialect.delimiter);

/** @throws UnreadableBook where the header does not say it */
function delimiterIn(lines: Buffer, dialect: Dialect): Exclude<Dialect['delimiter'], 'auto'> {
  if (dialect.delimiter !== 'auto') return dialect.delimiter;
  const end = lines.indexOf(LINE_FEED);
  const header = lines
    .subarray(0, end < 0 ? lines.length : end)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimEnd();
  const names = Object.values(columnNames(dialect)).filter((name) => name !== undefined);
  const found = delimiterOf(header, names);
  if (found) return found;
  throw new UnreadableBook(
    1,
    `must be a header with the columns ${names.join(', ')}, and one of , ; | or a tab between them: none of them gives these columns. Say which it is, or what the columns are called`,
  );
}

/** @throws UnreadableBook of bytes that are none of the encoding */
async function* inUtf8(blocks: AsyncIterable<Uint8Array>, { encoding }: Dialect): AsyncGenerator<Uint8Array> {
  if (encoding === 'utf-8') {
    yield* blocks;
    return;
  }
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  const decode = (block?: Uint8Array) => {
    try {
      return block ? decoder.decode(block, { stream: true }) : decoder.decode();
    } catch {
      throw new UnreadableBook(line, `or one after it is not ${encoding}`);
    }
  };
  for await (const block of blocks) {
    const text = decode(block);
    line += text.split('\n').length - 1;
    yield Buffer.from(text);
  }
  yield Buffer.from(decode());
}

/** Cuts at line ends, so that no character is torn. @throws UnreadableBook after the lines before */
async function* readableLines(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let line = 1;
  for await (const lines of wholeLines(blocks)) {
    const good = isUtf8(lines) ? lines : lines.subarray(0, startOfBadLine(lines));
    if (good.length > 0) yield good;
    line += count(good);
    if (good.length < lines.length) throw new UnreadableBook(line, 'is not UTF-8');
  }
}

async function* wholeLines(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  let line = 1;
  for await (const block of blocks) {
    const bytes = Buffer.concat([rest, block]);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    rest = bytes.subarray(end);
    const lines = bytes.subarray(0, end);
    if (lines.length > 0) yield lines;
    line += count(lines);
    if (rest.length > LONGEST_ROW) throw new UnreadableBook(line, `is longer than ${LONGEST_ROW} bytes`);
  }
  if (rest.length > 0) yield rest;
}

function startOfBadLine(lines: Buffer): number {
  for (let start = 0; start < lines.length;) {
    const feed = lines.indexOf(LINE_FEED, start);
    const end = feed < 0 ? lines.length : feed + 1;
    if (!isUtf8(lines.subarray(start, end))) return start;
    start = end;
  }
  return lines.length;
}

function count(bytes: Buffer): number {
  let feeds = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) feeds += 1;
  return feeds;
}

/** csv-parse, asked for the rows of each block as soon as it has them: as a stream it would drop those before an error. */
class RowParser {
  private rows: (BookRow | DefectiveRow)[] = [];
  private places: Places | undefined;
  private error: UnreadableBook | undefined;
  private line = 1;
  private emptyLines = 0;

  private readonly parser: Parser;
  private readonly fieldsOf: FieldReader;

  constructor(private readonly dialect: Dialect & { readonly delimiter: string }) {
    this.fieldsOf = fieldReader(dialect);
    this.parser = parse({
      delimiter: dialect.delimiter,
      bom: true,
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: LONGEST_ROW,
      on_record: (values: string[], { empty_lines }) => {
        this.line += empty_lines - this.emptyLines;
        this.emptyLines = empty_lines;
        this.add(values);
        this.line += 1 + values.reduce((breaks, value) => breaks + value.split('\n').length - 1, 0);
        return null;
      },
    }).on('error', (error: unknown) => {
      if (error instanceof UnreadableBook) {
        this.error ??= error;
        return;
      }
      const skipped = this.parser.info.empty_lines - this.emptyLines;
      this.error ??= new UnreadableBook(this.line + skipped, describe(error as CsvError));
    });
  }

  get sawHeader(): boolean {
    return this.places !== undefined;
  }

  take(lines: Buffer): Promise<readonly (BookRow | DefectiveRow)[]> {
    return this.after((done) => this.parser.write(lines, done));
  }

  end(): Promise<readonly (BookRow | DefectiveRow)[]> {
    if (this.error) return Promise.resolve([]);
    return this.after((done) => {
      this.parser.once('error', done).resume().once('end', done).end();
    });
  }

  assertReadable(): void {
    if (this.error) throw this.error;
  }

  /** The rows that a step brought. Its error is kept for `assertReadable`. */
  private async after(step: (done: () => void) => void): Promise<readonly (BookRow | DefectiveRow)[]> {
    await new Promise<void>(step);
    const { rows } = this;
    this.rows = [];
    return rows;
  }

  private add(values: readonly string[]): void {
    const { line, places } = this;
    if (!places) {
      this.places = placesOf(values, this.dialect);
      return;
    }
    if (values.length !== places.width) {
      this.rows.push({ line, defect: `has ${values.length} columns instead of ${places.width}` });
      return;
    }
    this.rows.push({ line, ...this.fieldsOf(values, places) });
  }
}

/** Of each column in a row; undefined where the file has none for it. */
type Places = Readonly<Record<Column, number | undefined>> & { readonly width: number };
type FieldReader = (values: readonly string[], places: Places) => Omit<BookRow, 'line'>;

/** Makes what a row of the dialect has into what a row of ours has. */
function fieldReader(dialect: Dialect): FieldReader {
  const { currency, currencyCodes, dateFormat } = dialect;
  const dateIn = dateFormat === OWN_DIALECT.dateFormat ? undefined : dateReader(dateFormat);
  return (values, places) => {
    // as our own exports have it
    const at = (column: Column) => cellText(values[places[column] ?? -1] ?? '');
    const amount = amountText(at('amount'), dialect);
    const date = dateIn ? dateIn(at('date')) : at('date');
    const code = places.currency === undefined ? (currency ?? '') : at('currency');
    const fields = {
      transaction: at('transaction'),
      date: date ?? at('date'),
      description: at('description'),
      account: at('account'),
      currency: Object.hasOwn(currencyCodes, code) ? (currencyCodes[code] ?? code) : code,
      amount: 'amount' in amount ? amount.amount : at('amount'),
    };
    const defects = [
      ...(date === undefined ? [{ column: 'date' as const, detail: `must be a day written as ${dateFormat}` }] : []),
      ...('defect' in amount ? [{ column: 'amount' as const, detail: amount.defect }] : []),
    ];
    return defects.length > 0 ? { fields, defects } : { fields };
  };
}

/** @throws UnreadableBook */
function placesOf(header: readonly string[], dialect: Dialect): Places {
  const names = columnNames(dialect);
  const wanted = COLUMNS.flatMap((name) => names[name] ?? []);
  const mapped = Object.keys(dialect.columns).length > 0;
  const unknown = mapped ? [] : header.filter((name) => !wanted.includes(name));
  const missing = wanted.filter((name) => !header.includes(name));
  const twice = header.filter((name, index) => wanted.includes(name) && header.indexOf(name) !== index);
  const wrong = [
    ...unknown.map((name) => `"${name.slice(0, 50)}" is no column`),
    ...missing.map((name) => `${name} is missing`),
    ...twice.map((name) => `${name} is there twice`),
  ];
  if (wrong.length > 0)
    throw new UnreadableBook(1, `must be the header ${headerOf(dialect)}: ${wrong.slice(0, 10).join(', ')}`);
  const place = (name: Column) => {
    const found = names[name];
    return found === undefined ? undefined : header.indexOf(found);
  };
  return {
    ...(Object.fromEntries(COLUMNS.map((name) => [name, place(name)])) as Record<Column, number | undefined>),
    width: header.length,
  };
}

function describe({ code }: CsvError): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'has a quote that is never closed';
    case 'CSV_MAX_RECORD_SIZE':
      return `is longer than ${LONGEST_ROW} bytes`;
    default:
      return 'is not CSV: a field with a quote in it is put in quotes, and the quote is doubled';
  }
}
