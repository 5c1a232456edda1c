import { BookCheck, type KnownAccount } from './book-check';
import { COLUMNS } from './columns';
import { TransactionGrouping } from './file-transaction';

/** Rows from line 2 on, as they stand in a file. */
function check(
  rows: readonly string[],
  accounts: Readonly<Record<string, KnownAccount>> = {},
  scales: Readonly<Record<string, number>> = {},
) {
  const book = new BookCheck();
  for (const [code, account] of Object.entries(accounts)) book.accounts.set(code, account);
  for (const [code, scale] of Object.entries(scales)) book.scales.set(code, scale);
  const grouping = new TransactionGrouping();
  rows.forEach((row, index) => {
    const values = row.split(',');
    const fields = Object.fromEntries(COLUMNS.map((name, place) => [name, values[place] ?? '']));
    const ended = grouping.add({ line: index + 2, fields: fields as never });
    if (ended) book.check(ended);
  });
  const last = grouping.end();
  if (last) book.check(last);
  book.end();
  return book;
}

const messages = (book: BookCheck) => book.errors.map(({ pointer, detail }) => `${pointer}: ${detail}`);

describe('BookCheck', () => {
  it('gives a new currency as many decimals as the file has at the most', () => {
    const book = check([
      '1,2026-01-01,x,assets:a,GLD,1.5',
      '1,2026-01-01,x,equity:b,GLD,-1',
      '1,2026-01-01,x,equity:b,GLD,-0.500',
    ]);
    expect(messages(book)).toEqual([]);
    expect([...book.newCurrencies].map(([code, { scale }]) => [code, scale])).toEqual([['GLD', 3]]);
    expect(book.rowCount).toBe(3);
  });

  it("keeps to the tenant's own scale, also where it has made the currency itself", () => {
    const book = check(['1,2026-01-01,x,assets:a,GLD,1.5', '1,2026-01-01,x,equity:b,GLD,-1.5'], {}, { GLD: 0 });
    expect(messages(book)).toEqual([
      'line 2, column amount: must have at most 0 decimals: GLD has no more, and amounts are never rounded',
      'line 3, column amount: must have at most 0 decimals: GLD has no more, and amounts are never rounded',
    ]);
    expect(book.newCurrencies.size).toBe(0);
  });

  it('each currency sums to zero for itself', () => {
    const book = check([
      '1,2026-01-01,x,assets:a,EUR,5',
      '1,2026-01-01,x,equity:b,EUR,-5',
      '1,2026-01-01,x,assets:a,JPY,700',
      '1,2026-01-01,x,equity:b,JPY,-701',
    ]);
    expect(messages(book)).toEqual(['line 2: transaction 1 does not sum to zero in JPY: -1 is left']);
  });

  it('takes 38 digits and no more, also when another row brings the decimals', () => {
    const digits = '9'.repeat(38);
    expect(
      messages(check([`1,2026-01-01,x,assets:a,BIG,${digits}`, `1,2026-01-01,x,equity:b,BIG,-${digits}`])),
    ).toEqual([]);
    const rows = [`1,2026-01-01,x,assets:a,BIG,${digits}`, `1,2026-01-01,x,equity:b,BIG,-${digits}`];
    expect(messages(check([...rows, '2,2026-01-01,y,assets:a,BIG,0.1', '2,2026-01-01,y,equity:b,BIG,-0.1']))).toEqual([
      'line 2, column amount: BIG would have 1 decimals, and then this has more than 38 digits',
    ]);
    expect(
      messages(check([`1,2026-01-01,x,assets:a,EUR,${digits}`, `1,2026-01-01,x,equity:b,EUR,-${digits}`])),
    ).toHaveLength(2);
  });

  it('rows of one transaction have one day and one description', () => {
    const book = check(['1,2026-01-01,x,assets:a,EUR,5', '1,2026-01-02,y,equity:b,EUR,-5']);
    expect(messages(book)).toEqual([
      'line 3, column date: must be 2026-01-01, as in line 2: the transaction is the same',
      'line 3, column description: must be as in line 2: the transaction is the same',
    ]);
  });

  it.each(['0', '01', '-1', '1.5', 'A', '', '1234567890123456'])('%j is no number of a transaction', (number) => {
    const book = check([`${number},2026-01-01,x,assets:a,EUR,5`, `${number},2026-01-01,x,equity:b,EUR,-5`]);
    expect(book.errors.map(({ pointer }) => pointer)).toEqual(['line 2, column transaction']);
  });

  it('takes accounts of the ledger whatever they are called, and new ones whose code says their type', () => {
    const till = { open: true, currencies: null };
    const rows = ['1,2026-01-01,x,till,EUR,5', '1,2026-01-01,x,INCOME:a,EUR,-3', '1,2026-01-01,x,Revenue,EUR,-2'];
    expect(check(rows, { till }).errorCount).toBe(0);
    expect(check(rows).errors.map(({ pointer }) => pointer)).toEqual(['line 2, column account']);
    expect(check(['1,2026-01-01,x,constructor:a,EUR,5', '1,2026-01-01,x,assets::a,EUR,-5']).errorCount).toBe(2);
  });

  it('has a bound for the rows of one transaction, in memory too', () => {
    const row = (amount: string) => `1,2026-01-01,x,assets:a,EUR,${amount}`;
    const most = Array.from({ length: 1_000 }, (_, index) => row(index % 2 === 0 ? '1' : '-1'));
    expect(check(most).errorCount).toBe(0);
    expect(messages(check([...most, row('1'), row('-1')]))).toEqual([
      'line 2: a transaction has at most 1000 rows; this one has 1002',
    ]);
  });
});
