import { nextRun } from './cron';

const at = (text: string) => new Date(text);
const next = (cron: string, zone: string, after: string) => nextRun(cron, zone, at(after))?.toISOString();

describe('nextRun', () => {
  it('is the next moment in the schedule’s own zone', () => {
    expect(next('30 2 * * *', 'UTC', '2026-11-21T10:00:00Z')).toBe('2026-11-22T02:30:00.000Z');
    expect(next('30 2 * * *', 'Asia/Tokyo', '2026-11-21T10:00:00Z')).toBe('2026-11-21T17:30:00.000Z');
    expect(next('*/15 * * * *', 'UTC', '2026-11-21T10:15:00Z')).toBe('2026-11-21T10:30:00.000Z');
  });

  it('fires once in the night in which the clock is put back, and not never when it is put forward', () => {
    const first = next('30 2 * * *', 'Europe/Vienna', '2026-10-24T12:00:00Z');
    expect(first).toBe('2026-10-25T00:30:00.000Z');
    expect(next('30 2 * * *', 'Europe/Vienna', first as string)).toBe('2026-10-26T01:30:00.000Z');
    const spring = next('30 2 * * *', 'Europe/Vienna', '2026-03-28T12:00:00Z') as string;
    expect(spring.startsWith('2026-03-29T01:')).toBe(true);
  });

  it.each([
    ['* * * * * *', 'UTC'],
    ['* * * *', 'UTC'],
    ['61 * * * *', 'UTC'],
    ['@daily', 'UTC'],
    ['', 'UTC'],
    ['0 0 30 2 *', 'UTC'],
    ['0 0 * * *', 'Mars/Olympus'],
    ['0 0 * * *', ''],
  ])('refuses %j in %j', (cron, zone) => {
    expect(nextRun(cron, zone, at('2026-11-21T10:00:00Z'))).toBeUndefined();
  });
});
