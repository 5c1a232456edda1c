import fc from 'fast-check';
import { ACCOUNT_CODE, ACCOUNT_PATTERN } from './account';
import { comparePatterns, matchesPattern } from './account-pattern';
import { matchAccountTemplate } from './account-template';

describe('ACCOUNT_PATTERN', () => {
  it.each(['users:*:wallet', '*', '**', 'users:**', '*:**', 'assets:bank:main', 'a b:*', 'ü:*'])(
    'takes %p',
    (pattern) => {
      expect(ACCOUNT_PATTERN.test(pattern)).toBe(true);
    },
  );

  it.each(['', ':', 'users:', ':users', 'users::*', '**:users', 'users:u*', 'users:***', '* ', 'a  b', 'a/b', 'a:*\n'])(
    'refuses %p',
    (pattern) => {
      expect(ACCOUNT_PATTERN.test(pattern)).toBe(false);
    },
  );

  it('has 255 characters at the most', () => {
    expect(ACCOUNT_PATTERN.test(`${'a'.repeat(253)}:*`)).toBe(true);
    expect(ACCOUNT_PATTERN.test(`${'a'.repeat(254)}:*`)).toBe(false);
  });
});

describe('matchesPattern', () => {
  it.each([
    ['users:*:wallet', 'users:7:wallet', true],
    ['users:*:wallet', 'users:7:8:wallet', false],
    ['users:*:wallet', 'users:wallet', false],
    ['users:*', 'users', false],
    ['users:*', 'users:7:wallet', false],
    ['users:**', 'users', false],
    ['users:**', 'users:7', true],
    ['users:**', 'users:7:wallet:eur', true],
    ['users:**', 'user:7', false],
    ['*', 'cash', true],
    ['**', 'a:b:c', true],
    ['cash', 'cash', true],
    ['cash', 'Cash', false],
  ])('%s and %s: %p', (pattern, code, expected) => {
    expect(matchesPattern(pattern, code)).toBe(expected);
  });
});

// few segments, so that patterns and codes meet often
const segment = fc.constantFrom('a', 'b', 'c');
const code = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(':'));
const pattern = fc
  .tuple(fc.array(fc.oneof(segment, fc.constant('*')), { maxLength: 3 }), fc.oneof(segment, fc.constantFrom('*', '**')))
  .map(([parts, last]) => [...parts, last].join(':'));
const ALL_CODES = ['a', 'b', 'c'].flatMap(function grow(prefix: string): string[] {
  return prefix.length >= 9 ? [prefix] : [prefix, ...['a', 'b', 'c'].flatMap((next) => grow(`${prefix}:${next}`))];
});
const codesOf = (one: string) => ALL_CODES.filter((each) => matchesPattern(one, each));

/** The same as a regular expression, which shares nothing with the code. */
const asRegExp = (one: string) =>
  new RegExp(`^${one.replace(/\*\*$/, '[^:]+(:[^:]+)ANY').replace(/\*/g, '[^:]+').replace('ANY', '*')}$`);

describe('patterns', () => {
  it('match as the regular expression of them does', () => {
    fc.assert(
      fc.property(pattern, code, (one, each) => {
        expect(ACCOUNT_PATTERN.test(one) && ACCOUNT_CODE.test(each)).toBe(true);
        expect(matchesPattern(one, each)).toBe(asRegExp(one).test(each));
      }),
    );
  });

  it('are in a total order', () => {
    fc.assert(
      fc.property(pattern, pattern, pattern, (x, y, z) => {
        expect(Math.sign(comparePatterns(x, y)) + Math.sign(comparePatterns(y, x))).toBe(0);
        expect(comparePatterns(x, y) === 0).toBe(x === y);
        if (comparePatterns(x, y) < 0 && comparePatterns(y, z) < 0) expect(comparePatterns(x, z)).toBeLessThan(0);
      }),
    );
  });

  it('that have some of the codes of another go before it', () => {
    fc.assert(
      fc.property(pattern, pattern, (x, y) => {
        const [some, all] = [codesOf(x), new Set(codesOf(y))];
        if (some.length > 0 && some.length < all.size && some.every((each) => all.has(each)))
          expect(comparePatterns(x, y)).toBeLessThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('matchAccountTemplate', () => {
  it.each([
    ['users:7:wallet', 'users:7:wallet'],
    ['users:8:wallet', 'users:*:wallet'],
    ['users:7:points', 'users:7:*'],
    ['users:8:points', 'users:*:*'],
    ['users:8:points:old', 'users:**'],
    ['fees', '*'],
    ['fees:card', '**'],
  ])('%s is made from %s', (account, expected) => {
    const patterns = [
      '**',
      '*',
      'users:**',
      'users:*:*',
      'users:7:*',
      'users:*:wallet',
      'users:7:wallet',
      '*:*:wallet',
    ];
    expect(
      matchAccountTemplate(
        patterns.map((one) => ({ pattern: one })),
        account,
      )?.pattern,
    ).toBe(expected);
  });

  it('is the first of those that match, whatever order they come in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 8 }), code, fc.nat(), (patterns, each, turn) => {
        const turned = patterns.map((_one, index) => patterns[(index + turn) % patterns.length] ?? '');
        const expected = patterns.filter((one) => matchesPattern(one, each)).sort(comparePatterns)[0];
        expect(
          matchAccountTemplate(
            turned.map((one) => ({ pattern: one })),
            each,
          )?.pattern,
        ).toBe(expected);
      }),
    );
  });
});
