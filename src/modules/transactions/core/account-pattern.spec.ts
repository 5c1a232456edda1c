import * as fc from 'fast-check';
import { matchesPattern, searchOf } from './account-pattern';

const segment = fc.constantFrom('a', 'b', 'a.b', 'a-b', 'a b', 'aXb', 'a_0', 'é', '9');
const code = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(':'));
const pattern = fc
  .tuple(fc.array(fc.oneof(segment, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([parts, open]) => [...parts, ...(open ? ['**'] : [])].join(':'));

/** As the database compares codes: byte by byte. */
const isBefore = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;

const finds = ({ from, before, expression }: ReturnType<typeof searchOf>, text: string) =>
  !isBefore(text, from) && isBefore(text, before) && new RegExp(expression, 'u').test(text);

describe('searchOf', () => {
  it('finds the codes of the pattern and no others', () => {
    fc.assert(
      fc.property(pattern, code, (of, text) => finds(searchOf(of), text) === matchesPattern(of, text)),
      { numRuns: 5_000 },
    );
  });

  it('finds a plain code and all below it, and no neighbours', () => {
    fc.assert(
      fc.property(code, code, (of, text) => finds(searchOf(of, true), text) === `${text}:`.startsWith(`${of}:`)),
      { numRuns: 5_000 },
    );
  });
});
