import fc from 'fast-check';
import { mergePatch } from './merge-patch';

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

describe('mergePatch (API-13)', () => {
  // RFC 7396 appendix A, whole and in its order: original, patch, result
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('API-13 merges %s with %s into %s (RFC 7396 appendix A)', (target, patch, result) => {
    const original = freeze(JSON.parse(target) as unknown);
    expect(mergePatch(original, freeze(JSON.parse(patch) as unknown))).toEqual(JSON.parse(result));
    expect(original).toEqual(JSON.parse(target));
  });

  it('API-13 merges the example of RFC 7396 §3', () => {
    const target = {
      title: 'Goodbye!',
      author: { givenName: 'John', familyName: 'Doe' },
      tags: ['example', 'sample'],
      content: 'This will be unchanged',
    };
    const patch = { title: 'Hello!', phoneNumber: '+01-123-456-7890', author: { familyName: null }, tags: ['example'] };
    expect(mergePatch(target, patch)).toEqual({
      title: 'Hello!',
      author: { givenName: 'John' },
      tags: ['example'],
      content: 'This will be unchanged',
      phoneNumber: '+01-123-456-7890',
    });
  });

  it('API-13 does the same again when applied again', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
        const once = mergePatch(freeze(target), freeze(patch));
        expect(mergePatch(once, patch)).toEqual(once);
      }),
    );
  });

  it('API-13 leaves the target as it is under an empty patch', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (target) => {
        expect(mergePatch(target, {})).toEqual(target);
      }),
    );
  });

  it('API-22 takes a member named __proto__ for a member', () => {
    const merged = mergePatch({}, JSON.parse('{"__proto__":{"admin":true}}')) as Record<string, unknown>;
    expect(merged.admin).toBeUndefined();
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(Object.keys(merged)).toEqual(['__proto__']);
  });
});
