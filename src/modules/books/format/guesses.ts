import { type BookRow } from './columns';
import { columnNames, delimiterOf, DELIMITERS, type Dialect } from './dialect';

export interface Guess {
  readonly option: string;
  readonly value: string;
  readonly because: string;
}

const LINE_FEED = 0x0a;
const HEADER_MAX = 65_536;

/** Hands on blocks, and keeps the first line of them. */
export class FirstBytes {
  private kept = Buffer.alloc(0);

  constructor(private readonly source: AsyncIterable<Buffer>) {}

  async *blocks(): AsyncGenerator<Buffer> {
    for await (const block of this.source) {
      if (this.kept.length < HEADER_MAX && !this.kept.includes(LINE_FEED))
        this.kept = Buffer.concat([this.kept, block]);
      yield block;
    }
  }

  /** @returns the bytes of the first line */
  get header(): Buffer {
    const end = this.kept.indexOf(LINE_FEED);
    return this.kept.subarray(0, end < 0 ? this.kept.length : end);
  }
}

/** What the file itself said where an option was `auto`. */
export function guessesOf(dialect: Dialect, header: Buffer, rows: readonly BookRow[]): Guess[] {
  const guesses: Guess[] = [];
  if (dialect.delimiter === 'auto') {
    const names = Object.values(columnNames(dialect)).filter((name) => name !== undefined);
    const text = new TextDecoder(dialect.encoding).decode(header).trimEnd();
    const mark = delimiterOf(text, names);
    const value = Object.entries(DELIMITERS).find(([, each]) => each === mark)?.[0];
    if (mark && value)
      guesses.push({ option: 'delimiter', value, because: 'It is the one that gives the header its columns.' });
  }
  const read = rows.filter(({ defects = [] }) => !defects.some(({ column }) => column === 'amount')).length;
  for (const option of ['decimalMark', 'grouping'] as const)
    if (dialect[option] === 'auto' && read > 0)
      guesses.push({
        option,
        value: 'auto',
        because: `Each amount shows it: ${read} of these ${rows.length} can be read in one way only. Say it, and all can.`,
      });
  return guesses;
}
