import fc from 'fast-check';
import { API_KEY_PATTERN, newApiKeyToken, prefixOf, readApiKeyToken } from './api-key-token';

describe('API keys (AUTH-21)', () => {
  it('have 192 bits or more, a public part, their environment and a checksum', () => {
    const { token, publicId, hash } = newApiKeyToken('live');
    expect(token).toMatch(new RegExp(`^${API_KEY_PATTERN}$`));
    expect(token.startsWith(`${prefixOf('live', publicId)}_`)).toBe(true);
    expect(33 * Math.log2(62)).toBeGreaterThan(192);
    expect(readApiKeyToken(token)).toEqual({ environment: 'live', publicId, hash });
    expect(newApiKeyToken('live').token).not.toBe(token);
  });

  it('are told from everything else, and from themselves with one character changed, left out or added', () => {
    const { token } = newApiKeyToken('test');
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('0', 'a', 'Z', '_', '-', '.', ' '), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(readApiKeyToken(changed) === undefined).toBe(changed !== token);
        expect(readApiKeyToken(token.slice(0, at) + token.slice(at + 1))).toBeUndefined();
        expect(readApiKeyToken(token.slice(0, at) + character + token.slice(at))).toBeUndefined();
      }),
    );
    for (const other of ['', 'daybook_', `${token}\n`, ` ${token}`, token.toUpperCase(), `x${token}`])
      expect(readApiKeyToken(other)).toBeUndefined();
  });
});
