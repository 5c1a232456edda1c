import * as fc from 'fast-check';
import { amountText } from './amount-text';
import { UnreadableBook } from './columns';
import { readRows } from './csv-rows';
import { dateReader, isDateFormat } from './date-text';
import { type Dialect, delimiterOf, OWN_DIALECT } from './dialect';

type Marks = Pick<Dialect, 'decimalMark' | 'grouping'>;
const GERMAN: Marks = { decimalMark: ',', grouping: '.' };
const AUTO: Marks = { decimalMark: 'auto', grouping: 'auto' };

describe('amounts of other programs', () => {
  it.each<[string, Marks, string]>([
    ['1.234,50', GERMAN, '1234.50'],
    ['-1.234,50', GERMAN, '-1234.50'],
    ['1.234,50-', GERMAN, '-1234.50'],
    ['−7,5', GERMAN, '-7.5'],
    ['+7', GERMAN, '7'],
    ['1234,5', GERMAN, '1234.5'],
    ['1.000', GERMAN, '1000'],
    ['1,000', GERMAN, '1.000'],
    ["1'234.50", { decimalMark: '.', grouping: "'" }, '1234.50'],
    ['1\u202f234,50', { decimalMark: ',', grouping: ' ' }, '1234.50'],
    ['1\u00a0234 567,50', { decimalMark: ',', grouping: ' ' }, '1234567.50'],
    ['1,234.50', AUTO, '1234.50'],
    ['1.234,50', AUTO, '1234.50'],
    ['1.234.567', AUTO, '1234567'],
    ['1,5', AUTO, '1.5'],
    ['0.125', AUTO, '0.125'],
    ['1234.567', AUTO, '1234.567'],
    ['12', AUTO, '12'],
    ['1.000', { decimalMark: 'auto', grouping: '' }, '1.000'],
    ['1.000', { decimalMark: 'auto', grouping: '.' }, '1000'],
  ])('%s in %j is %s', (text, marks, amount) => {
    expect(amountText(text, marks)).toEqual({ amount });
  });

  it.each([
    ['1.000', AUTO, 'is 1.000 or 1000'],
    ['-12,345', AUTO, 'is 12.345 or 12345'],
    ['1.00,5', GERMAN, 'a comma before the decimals and a point between groups of three digits'],
    ['1.2345', GERMAN, 'is none'],
    ['1,2,3', GERMAN, 'is none'],
    ['twelve', GERMAN, 'is none'],
    ['', GERMAN, 'is none'],
    ['1 000', GERMAN, 'is none'],
    ['--1', GERMAN, 'is none'],
  ])('%s in %j is refused, and it is said why', (text, marks, why) => {
    expect(amountText(text, marks)).toEqual({ defect: expect.stringContaining(why) as string });
  });

  it('what is written in a dialect is read in it as the same, and never as another where it is guessed', () => {
    const marks = fc.constantFrom<[decimal: '.' | ',', group: '' | '.' | ',' | "'" | ' ']>(
      ['.', ''],
      ['.', ','],
      ['.', ' '],
      ['.', "'"],
      [',', ''],
      [',', '.'],
      [',', ' '],
      [',', "'"],
    );
    fc.assert(
      fc.property(
        marks,
        fc.bigInt(-(10n ** 12n), 10n ** 12n),
        fc.integer({ min: 0, max: 8 }),
        ([decimal, group], minor, scale) => {
          const digits = (minor < 0n ? -minor : minor).toString().padStart(scale + 1, '0');
          const [whole, fraction] = [digits.slice(0, digits.length - scale), digits.slice(digits.length - scale)];
          const sign = minor < 0n ? '-' : '';
          const plain = `${sign}${whole}${scale > 0 ? `.${fraction}` : ''}`;
          const written = `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, group)}${scale > 0 ? decimal + fraction : ''}`;
          expect(amountText(written, { decimalMark: decimal, grouping: group })).toEqual({ amount: plain });
          const guessed = amountText(written, AUTO);
          if ('amount' in guessed) expect(guessed.amount).toBe(plain);
        },
      ),
    );
  });
});

describe('dates of other programs', () => {
  it.each([
    ['dd.MM.yyyy', '21.11.2026', '2026-11-21'],
    ['d.M.yyyy', '1.2.2026', '2026-02-01'],
    ['M/d/yyyy', '11/21/2026', '2026-11-21'],
    ['yyyyMMdd', '20261121', '2026-11-21'],
    ['dd-MM-yyyy', '1-11-2026', undefined],
    ['dd.MM.yyyy', '2026-11-21', undefined],
  ])('%s: %s is %s', (format, text, day) => {
    expect(dateReader(format)(text)).toBe(day);
  });

  it.each(['yyyy-MM', 'dd.MM/yyyy', 'yyyyMd', 'dd.dd.yyyy', 'yy-MM-dd', 'MM.dd.yyyy.'])('%s is no format', (format) => {
    expect(isDateFormat(format)).toBe(false);
  });
});

describe('files of other programs', () => {
  async function read(text: string | Buffer, dialect: Partial<Dialect>) {
    const rows = [];
    const blocks = (async function* () {
      // cut where it hurts: between the bytes of a character
      for (const byte of Buffer.from(text)) yield await Promise.resolve(Buffer.from([byte]));
    })();
    for await (const block of readRows(blocks, { ...OWN_DIALECT, ...dialect })) rows.push(...block);
    return rows;
  }
  const fields = {
    transaction: 'R-1',
    date: '2026-11-21',
    description: 'Miete; März',
    account: 'Vermögen:Bank',
    currency: 'EUR',
    amount: '-1234.50',
  };
  const german = {
    ...GERMAN,
    delimiter: 'auto',
    dateFormat: 'dd.MM.yyyy',
    columns: {
      transaction: 'Beleg',
      date: 'Tag',
      description: 'Text',
      account: 'Konto',
      amount: 'Betrag',
      currency: 'Währung',
    },
    currencyCodes: { '€': 'EUR' },
  } as const;
  const text =
    'Tag;Konto;Betrag;Währung;Text;Beleg;Kostenstelle\r\n21.11.2026;Vermögen:Bank;-1.234,50;€;"Miete; März";R-1;7\r\n';

  it('come out as ours', async () => {
    expect(await read(text, german)).toEqual([{ line: 2, fields }]);
    expect(await read(text.replaceAll(';', '\t').replace('Miete\t', 'Miete;'), german)).toEqual([{ line: 2, fields }]);
  });

  it('in other encodings', async () => {
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
    expect(await read(utf16, { ...german, encoding: 'utf-16le' })).toEqual([{ line: 2, fields }]);
    const single = Buffer.from(text.replaceAll('€', '\u0080'), 'latin1');
    expect(await read(single, { ...german, encoding: 'windows-1252' })).toEqual([{ line: 2, fields }]);
    await expect(read(Buffer.from([...utf16, 0x00, 0xd8, 0x00]), { ...german, encoding: 'utf-16le' })).rejects.toThrow(
      'is not utf-16le',
    );
  });

  it('say what is wrong of which field, in its own dialect', async () => {
    const [row] = await read(text.replace('21.11.2026', '11/21/2026').replace('1.234,50', '1,234.50'), german);
    expect(row).toMatchObject({
      line: 2,
      defects: [
        { column: 'date', detail: 'must be a day written as dd.MM.yyyy' },
        { column: 'amount', detail: expect.stringContaining('"-1,234.50" is none') as string },
      ],
    });
  });

  it('a delimiter that the header does not show is refused', async () => {
    expect(delimiterOf('a;b,c', ['a', 'b,c'])).toBe(';');
    expect(delimiterOf('a b', ['a', 'b'])).toBeUndefined();
    await expect(read('Tag Konto\n', german)).rejects.toThrow(UnreadableBook);
  });

  it('without a column for the currency have the one that is said', async () => {
    const [row] = await read('transaction,date,description,account,amount\n1,2026-01-01,,assets:a,5\n', {
      currency: 'CHF',
    });
    expect(row).toMatchObject({ fields: { currency: 'CHF', amount: '5' } });
  });
});
