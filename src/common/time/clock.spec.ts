import { systemClock } from './clock';

describe('systemClock', () => {
  it('API-17 tells the present moment, each time anew', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now.getTime()).toBeGreaterThanOrEqual(before);
    expect(now.getTime()).toBeLessThanOrEqual(Date.now());
    expect(systemClock.now()).not.toBe(now);
  });
});
