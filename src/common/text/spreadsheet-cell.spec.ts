import fc from 'fast-check';
import { cellText, harmlessCell } from './spreadsheet-cell';

describe('harmlessCell', () => {
  it.each([
    ['=HYPERLINK("http://x","y")', `'=HYPERLINK("http://x","y")`],
    ['+49 1 234', `'+49 1 234`],
    ['-1+1', `'-1+1`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['\t=1', `'\t=1`],
    ['\r=1', `'\r=1`],
    [`'=1`, `''=1`],
    ['-', `'-`],
  ])('%j becomes %j', (text, cell) => {
    expect(harmlessCell(text)).toBe(cell);
  });

  it.each(['-12.50', '+3', '-,5', 'Order 4711', `'quoted'`, 'a=b', '', '1e5'])('%j stays', (text) => {
    expect(harmlessCell(text)).toBe(text);
    expect(cellText(text)).toBe(text);
  });

  it('any text comes back, and no cell begins with what is calculated unless it is a number', () => {
    const odd = fc.string({
      unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '1', '.', ',', 'a', ' '),
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.oneof(odd, fc.string({ unit: 'binary' })), (text) => {
        const cell = harmlessCell(text);
        return cellText(cell) === text && (!/^[=+\-@\t\r]/.test(cell) || /^[+-]?[\d.,]+$/.test(cell));
      }),
      { numRuns: 5_000 },
    );
  });
});
