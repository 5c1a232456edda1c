import { type RecordedTransaction } from '../../transactions';
import { csvOf } from './csv-writer';
import { accountDirective, commodityDirective, journalOf } from './journal-writer';

const entry = (account: string, direction: 'debit' | 'credit', amount: bigint, currency: string, scale: number) =>
  ({ account, direction, amount, currency, scale }) as RecordedTransaction['entries'][number];

function transaction(description: string | null): RecordedTransaction {
  return {
    id: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02',
    sequence: 17n,
    effectiveAt: new Date('2026-11-21T23:59:59.999Z'),
    description,
    entries: [
      entry('assets:my bank', 'debit', 5n, 'EUR', 2),
      entry('equity:open', 'credit', 5n, 'EUR', 2),
      entry('assets:my bank', 'credit', 12n, 'VB.X1', 0),
      entry('equity:open', 'debit', 12n, 'VB.X1', 0),
    ],
  } as unknown as RecordedTransaction;
}

describe('journalOf', () => {
  it('writes what hledger reads: two spaces before the amount, symbols with digits in quotes', () => {
    expect(journalOf(transaction('Order 4711'))).toBe(`
2026-11-21 (17) Order 4711  ; id:019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02
    assets:my bank  0.05 EUR
    equity:open  -0.05 EUR
    assets:my bank  -12 "VB.X1"
    equity:open  12 "VB.X1"
`);
  });

  it.each([
    ['a\nb\r\n\tc', 'a b c'],
    ['rent; id:1 | note', 'rent, id:1 / note'],
    ['* (1) =', '* (1) ='],
    ['\u2028account evil\u0000', 'account evil'],
  ])('description %j stays one line without meaning: %j', (description, text) => {
    expect(journalOf(transaction(description)).split('\n')[1]).toBe(
      `2026-11-21 (17) ${text}  ; id:019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02`,
    );
  });

  it('does without a description', () => {
    expect(journalOf(transaction(null))).toContain('\n2026-11-21 (17)  ; id:');
  });
});

describe('directives', () => {
  it('say how many decimals a commodity has', () => {
    expect(commodityDirective({ code: 'EUR', scale: 2 })).toBe('commodity 1000.00 EUR\n');
    expect(commodityDirective({ code: 'A1', scale: 0 })).toBe('commodity 1000. "A1"\n');
  });

  it('say the type of an account', () => {
    expect(accountDirective({ code: 'sales', type: 'revenue', open: true, currencies: null })).toBe(
      'account sales  ; type:R\n',
    );
  });
});

describe('csvOf', () => {
  it('writes a row per entry, credits below zero', () => {
    expect(csvOf(transaction(null))).toBe(
      '17,2026-11-21,,assets:my bank,EUR,0.05\r\n17,2026-11-21,,equity:open,EUR,-0.05\r\n' +
        '17,2026-11-21,,assets:my bank,VB.X1,-12\r\n17,2026-11-21,,equity:open,VB.X1,12\r\n',
    );
  });

  it('puts in quotes what would be read as something else', () => {
    expect(csvOf(transaction('a "b", c')).split('\r\n')[0]).toBe('17,2026-11-21,"a ""b"", c",assets:my bank,EUR,0.05');
    expect(csvOf(transaction('two\nlines'))).toContain('"two\nlines"');
  });
});
