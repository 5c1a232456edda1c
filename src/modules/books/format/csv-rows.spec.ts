import { type BookRow, type DefectiveRow, UnreadableBook } from './columns';
import { readRows } from './csv-rows';

const HEADER = 'transaction,date,description,account,currency,amount\n';

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) {
    await Promise.resolve();
    yield bytes.subarray(start, start + size);
  }
}

async function read(text: string | Buffer, size = 7) {
  const rows: (BookRow | DefectiveRow)[] = [];
  let error: string | undefined;
  try {
    for await (const some of readRows(cut(Buffer.from(text), size))) rows.push(...some);
  } catch (thrown) {
    if (!(thrown instanceof UnreadableBook)) throw thrown;
    error = thrown.message;
  }
  return { rows, error };
}

const row = (line: number, fields: string[]) => ({
  line,
  fields: {
    transaction: fields[0],
    date: fields[1],
    description: fields[2],
    account: fields[3],
    currency: fields[4],
    amount: fields[5],
  },
});

describe('readRows', () => {
  it.each([1, 2, 7, 4096])(
    'reads marks, CRLF, quotes and line breaks in fields, in blocks of %i bytes',
    async (size) => {
      const text = `\ufeff${HEADER.replace('\n', '\r\n')}1,2026-01-01,"Käse, ""Brie""",a:b,EUR,1\r\n\r\n1,2026-01-01,"two\r\nlines",a:c,EUR,-1\r\n2,d,,x,y,z`;
      expect(await read(text, size)).toEqual({
        rows: [
          row(2, ['1', '2026-01-01', 'Käse, "Brie"', 'a:b', 'EUR', '1']),
          row(4, ['1', '2026-01-01', 'two\r\nlines', 'a:c', 'EUR', '-1']),
          row(6, ['2', 'd', '', 'x', 'y', 'z']),
        ],
        error: undefined,
      });
    },
  );

  it('takes the columns by name', async () => {
    const { rows } = await read('amount,currency,account,description,date,transaction\n1,EUR,a:b,text,2026-01-01,9\n');
    expect(rows).toEqual([row(2, ['9', '2026-01-01', 'text', 'a:b', 'EUR', '1'])]);
  });

  it.each([
    ['', 'line 1: must be the header: transaction,date,description,account,currency,amount'],
    ['\n\n', 'line 1: must be the header: transaction,date,description,account,currency,amount'],
    [
      'id,date,description,account,currency,amount\n1,2,3,4,5,6\n',
      'line 1: must be the header transaction,date,description,account,currency,amount: "id" is no column, transaction is missing',
    ],
    [
      'transaction,date,date,description,account,currency,amount\n',
      'line 1: must be the header transaction,date,description,account,currency,amount: date is there twice',
    ],
  ])('refuses a header that is not the header: %j', async (text, message) => {
    expect(await read(text)).toEqual({ rows: [], error: message });
  });

  it('gives out what stands before a line that is not UTF-8, and names the line', async () => {
    const text = Buffer.concat([
      Buffer.from(`${HEADER}1,2,é,4,5,6\n1,2,`),
      Buffer.from([0xff]),
      Buffer.from(',4,5,6\n'),
    ]);
    for (const size of [1, 5, 4096])
      expect(await read(text, size)).toEqual({
        rows: [row(2, ['1', '2', 'é', '4', '5', '6'])],
        error: 'line 3: is not UTF-8',
      });
  });

  it('names the line of a quote that is never closed, after the rows before it', async () => {
    expect(await read(`${HEADER}1,2,3,4,5,6\n\n1,2,"3,4,5,6\n1,2,3,4,5,6\n`)).toEqual({
      rows: [row(2, ['1', '2', '3', '4', '5', '6'])],
      error: 'line 4: has a quote that is never closed',
    });
    expect((await read(`${HEADER}1,2,a"b"c,4,5,6\n`)).error).toMatch(/^line 2: is not CSV/);
  });

  it('keeps no more than a row in memory, whatever the file says', async () => {
    expect((await read(`${HEADER}1,2,${'x'.repeat(70_000)}`, 10_000)).error).toBe('line 2: is longer than 65536 bytes');
    expect((await read(`${HEADER}1,2,"${'x\n'.repeat(70_000)}`, 10_000)).error).toBe(
      'line 2: is longer than 65536 bytes',
    );
  });

  it('says which rows have too few or too many columns, and reads on', async () => {
    const { rows } = await read(`${HEADER}1,2,3\n1,2,3,4,5,6\n1,2,3,4,5,6,7\n`);
    expect(rows).toEqual([
      { line: 2, defect: 'has 3 columns instead of 6' },
      row(3, ['1', '2', '3', '4', '5', '6']),
      { line: 4, defect: 'has 7 columns instead of 6' },
    ]);
  });
});
