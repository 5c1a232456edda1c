import fc from 'fast-check';
import { parseStrictJson, StrictJsonError, type StrictJsonLimits } from './strict-json';

function refusal(text: string, limits?: StrictJsonLimits): { reason: string; pointer?: string } | undefined {
  try {
    parseStrictJson(text, limits);
  } catch (error) {
    if (error instanceof StrictJsonError) return { reason: error.reason, pointer: error.pointer };
    throw error;
  }
  return undefined;
}

/** A slow recursive descent over valid JSON that knows every member as it is written: the oracle. */
function hasDuplicate(text: string): boolean {
  let index = 0;
  let found = false;
  const skip = (): void => {
    while (/[ \t\n\r]/.test(text.charAt(index))) index++;
  };
  const string = (): string => {
    const match = /"(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*"/y;
    match.lastIndex = index;
    const literal = match.exec(text)?.[0] ?? '';
    index += literal.length;
    return JSON.parse(literal) as string;
  };
  const value = (): void => {
    skip();
    const first = text.charAt(index);
    if (first === '"') {
      string();
    } else if (first === '{' || first === '[') {
      const names = new Set<string>();
      index++;
      skip();
      while (text.charAt(index) !== '}' && text.charAt(index) !== ']') {
        if (first === '{') {
          const name = string();
          if (names.has(name)) found = true;
          names.add(name);
          skip();
          index++; // the colon
        }
        value();
        skip();
        if (text.charAt(index) === ',') {
          index++;
          skip();
        }
      }
      index++;
    } else {
      while (/[-+.eE0-9a-z]/.test(text.charAt(index))) index++;
    }
    skip();
  };
  value();
  return found;
}

const nasty = fc.string({
  unit: fc.constantFrom('"', '\\', ':', ',', '{', '}', '[', ']', 'a', 'b', ' ', 'u', 'é', '😀'),
});
const names = fc.oneof(fc.constantFrom('a', 'b', ':', '"', '\\', ''), nasty);
/** A string literal, some of its characters escaped although they need not be. */
const literals = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(texts, fc.boolean()).map(([text, escaped]) => {
    const literal = JSON.stringify(text);
    return escaped ? literal.replace(/[ab]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`) : literal;
  });
const space = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r');
/** JSON texts as a hostile client may write them: duplicate names, odd spacing, needless escapes. */
const texts = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc
    .tuple(
      space,
      fc.oneof(
        { depthSize: 'small', maxDepth: 5 },
        fc.oneof(literals(nasty), fc.constantFrom('0', '-1.5e3', 'true', 'false', 'null')),
        tie('object'),
        tie('array'),
      ),
      space,
    )
    .map((parts) => parts.join('')),
  object: fc
    .array(
      fc.tuple(space, literals(names), space, tie('value')).map(([a, name, b, value]) => `${a}${name}${b}:${value}`),
      { maxLength: 4 },
    )
    .map((members) => `{${members.join(',')}}`),
  array: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
})).value;

describe('parseStrictJson', () => {
  it('API-22 reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const refused = refusal(text);
        // the generator knows nothing of the house's limits; what is refused by them is proved below
        if (refused === undefined) expect(parseStrictJson(text)).toEqual(JSON.parse(text));
        else expect(refused.reason).toMatch(/^(number-range|nul|forbidden-key|syntax)$/);
      }),
    );
  });

  it('API-22 refuses exactly the texts in which an object names a member twice', () => {
    let duplicates = 0;
    fc.assert(
      fc.property(texts, (text) => {
        JSON.parse(text); // the generator makes JSON
        const expected = hasDuplicate(text) ? 'duplicate-key' : undefined;
        if (expected !== undefined) duplicates++;
        expect(refusal(text)?.reason).toBe(expected);
      }),
      { numRuns: 5000 },
    );
    expect(duplicates).toBeGreaterThan(100);
  });

  it.each([
    ['{"a":1,"a":1}', '/a'],
    ['{"a":1,"b":{"c":[{},{"x":1,"x":2}]}}', '/b/c/1/x'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"a\\"b":1,"a\\"b":2}', '/a"b'],
    ['{"a" : 1 , "a"\n:2}', '/a'],
    ['{"":1,"":2}', '/'],
    ['{"a/b":{"~":1,"~":2}}', '/a~1b/~0'],
    ['[[1,2],{"a":{"b":1},"a":{}}]', '/1/a'],
    ['{"a":":","a":"\\\\"}', '/a'],
    ['{"amount":"1.00","amount":"1000.00"}', '/amount'],
  ])('API-22 refuses duplicate keys and says where: %s', (text, pointer) => {
    expect(refusal(text)).toEqual({ reason: 'duplicate-key', pointer });
  });

  it('allows the same name in different objects, and names of every object as members', () => {
    const text = '[{"a":1},{"a":{"a":2}},{"toString":1,"hasOwnProperty":2,"constructor":"C","prototype":3,"length":4}]';
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ['{"__proto__":{"admin":true}}', '/__proto__'],
    ['{"a":[{"\\u005f_proto__":null}]}', '/a/0/__proto__'],
    ['{"constructor":{"prototype":{}}}', '/constructor'],
    ['{"a":{"constructor":{"x":1,"prototype":null}}}', '/a/constructor'],
  ])('API-22 refuses names that reach a prototype: %s', (text, pointer) => {
    expect(refusal(text)).toEqual({ reason: 'forbidden-key', pointer });
  });

  it.each([
    ['9007199254740992', ''],
    ['-9007199254740992', ''],
    ['[1,9007199254740993]', '/1'],
    ['{"metadata":{"n":12345678901234567890}}', '/metadata/n'],
    ['1e20', ''],
    ['1e999', ''],
    ['[-1e999]', '/0'],
    ['9007199254740992.0', ''],
  ])('API-22 refuses the number in %s', (text, pointer) => {
    expect(refusal(text)).toEqual({ reason: 'number-range', pointer });
  });

  it.each(['9007199254740991', '-9007199254740991', '0.1', '1e-400', '-0', '1e15'])('reads the number %s', (text) => {
    expect(parseStrictJson(text)).toBe(JSON.parse(text));
  });

  it('API-22 refuses more than 32 levels, or as many as it is told', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(refusal(nested(32))).toBeUndefined();
    expect(refusal(nested(33))).toEqual({ reason: 'depth', pointer: '/0'.repeat(32) });
    expect(refusal(nested(1_000_000))?.reason).toBe('depth');
    expect(refusal('{"a":{"b":{}}}', { maxDepth: 2 })).toEqual({ reason: 'depth', pointer: '/a/b' });
    expect(refusal('{"a":{"b":1}}', { maxDepth: 2 })).toBeUndefined();
    expect(refusal('1', { maxDepth: 0 })).toBeUndefined();
  });

  it.each([
    ['"a\\u0000b"', ''],
    ['{"a":["\\u0000"]}', '/a/0'],
    ['{"a\\u0000":1}', '/a\0'],
  ])('API-22 refuses U+0000, which PostgreSQL cannot store: %s', (text, pointer) => {
    expect(refusal(text)).toEqual({ reason: 'nul', pointer });
  });

  it('is not taken in by an escaped backslash before u0000', () => {
    expect(parseStrictJson('"\\\\u0000"')).toBe('\\u0000');
  });

  it.each(['"\\ud800"', '["\\uDC00x"]', '{"\\ud83d":1}', '"\ud800"', '"\\ud83d\ud83d"'])(
    'API-22 refuses the lone surrogate in %j',
    (text) => {
      expect(refusal(text)?.reason).toBe('syntax');
    },
  );

  it('reads surrogate pairs', () => {
    expect(parseStrictJson('"\\ud83d\\ude00😀"')).toBe('😀😀');
  });

  it.each([
    '',
    ' ',
    '{',
    '{a:1}',
    "{'a':1}",
    '[1,]',
    '01',
    'NaN',
    '\ufeff{}',
    '{}{}',
    '"\n"',
    '"\0"',
    'undefined',
    '//',
  ])('API-22 refuses %j, which is no JSON', (text) => {
    expect(refusal(text)).toEqual({ reason: 'syntax' });
  });
});
