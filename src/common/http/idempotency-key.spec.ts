import fc from 'fast-check';
import { parseIdempotencyKey } from './idempotency-key';

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 255,
});
const quote = (key: string): string => `"${key.replace(/["\\]/g, '\\$&')}"`;

describe('parseIdempotencyKey (API-02)', () => {
  it.each([
    ['order-4711-paid', 'order-4711-paid'],
    ['"order-4711-paid"', 'order-4711-paid'],
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['a b', 'a b'],
    ['" a "', ' a '],
    ['"a,b"', 'a,b'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['a"b', 'a"b'],
    ['a\\b', 'a\\b'],
    ['~', '~'],
    ['x'.repeat(255), 'x'.repeat(255)],
    [`"${'\\\\'.repeat(255)}"`, '\\'.repeat(255)],
  ])('API-02 reads %s', (header, key) => {
    expect(parseIdempotencyKey(header)).toEqual({ ok: true, key });
    expect(parseIdempotencyKey([header])).toEqual({ ok: true, key });
  });

  it.each([
    { header: '', because: 'nothing' },
    { header: '""', because: 'an empty string' },
    { header: ' ', because: 'a space' },
    { header: '"a', because: 'an open quote' },
    { header: '"', because: 'one quote' },
    { header: '"a"b"', because: 'a quote within' },
    { header: '"a\\"', because: 'an escaped end' },
    { header: '"a\\b"', because: 'an escape of what needs none' },
    { header: '"a";p=1', because: 'parameters' },
    { header: '"a", "b"', because: 'two values joined' },
    { header: 'a, b', because: 'two bare values joined' },
    { header: 'a,', because: 'a comma' },
    { header: 'é', because: 'a letter beyond ASCII' },
    { header: '"é"', because: 'a letter beyond ASCII in quotes' },
    { header: 'a\tb', because: 'a tab' },
    { header: '"a\x7f"', because: 'DEL' },
    { header: 'a\n', because: 'a line feed' },
    { header: 'x'.repeat(256), because: '256 characters' },
    { header: `"${'x'.repeat(256)}"`, because: '256 characters in quotes' },
    { header: '"' + '\\"'.repeat(100_000) + '"', because: 'a very long one' },
  ])('API-02 refuses $because', ({ header }) => {
    expect(parseIdempotencyKey(header)).toEqual({ ok: false, reason: 'malformed' });
  });

  it('API-02 refuses a repeated header, even with equal values', () => {
    expect(parseIdempotencyKey(['a', 'a'])).toEqual({ ok: false, reason: 'malformed' });
    expect(parseIdempotencyKey(['"a"', '"b"'])).toEqual({ ok: false, reason: 'malformed' });
  });

  it('API-02 tells a missing header from a malformed one', () => {
    expect(parseIdempotencyKey(undefined)).toEqual({ ok: false, reason: 'missing' });
    expect(parseIdempotencyKey([])).toEqual({ ok: false, reason: 'missing' });
  });

  it('API-02 reads back every key that is written as an RFC 8941 String', () => {
    fc.assert(
      fc.property(printable, (key) => {
        expect(parseIdempotencyKey(quote(key))).toEqual({ ok: true, key });
      }),
    );
  });

  it('API-02 takes a bare key for the same key in quotes', () => {
    const bare = printable.filter((key) => key.trim() === key && !key.startsWith('"') && !key.includes(','));
    fc.assert(
      fc.property(bare, (key) => {
        expect(parseIdempotencyKey(key)).toEqual(parseIdempotencyKey(quote(key)));
      }),
    );
  });
});
