import fc from 'fast-check';
import { DURATION_PATTERN, formatDuration, parseDuration } from './duration';

describe('parseDuration', () => {
  it.each([
    ['P1D', 86_400],
    ['P1W', 604_800],
    ['PT1H', 3600],
    ['PT1H30M', 5400],
    ['P1DT12H', 129_600],
    ['PT90S', 90],
    ['P2DT3H4M5S', 183_845],
    ['PT0S', 0],
  ])('%s is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
    expect(new RegExp(DURATION_PATTERN).test(text)).toBe(true);
  });

  it.each([
    ...['', 'P', 'PT', 'P1DT', 'P1', '1D', 'p1d', 'P1M', 'P1Y', 'P-1D', '-P1D', 'P1.5D', 'PT1,5H', 'P1W1D', 'P1H'],
    ...['PT1D', 'PT1M1H', ' P1D', 'P1D ', 'P1D\n', 'P١D', 'P1234567890D', 5, null, undefined, ['P1D']],
  ])('%p is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('formatDuration', () => {
  it.each([
    [0, 'PT0S'],
    [60, 'PT1M'],
    [86_400, 'P1D'],
    [604_800, 'P7D'],
    [90_061, 'P1DT1H1M1S'],
  ])('%d is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])('refuses %d', (seconds) => {
    expect(() => formatDuration(seconds)).toThrow(RangeError);
  });

  it('is read back', () => {
    fc.assert(
      fc.property(fc.nat(), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).toBe(seconds);
        expect(formatDuration(seconds)).toMatch(new RegExp(DURATION_PATTERN));
      }),
    );
  });
});
