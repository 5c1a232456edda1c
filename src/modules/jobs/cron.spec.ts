import { shownAt } from '../../common/time/wall-clock';
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
    // the first moment after the gap
    expect(next('30 2 * * *', 'Europe/Vienna', '2027-03-27T12:00:00Z')).toBe('2027-03-28T01:00:00.000Z');
    expect(next('30 2 * * *', 'Europe/Vienna', '2027-03-28T01:00:00Z')).toBe('2027-03-29T00:30:00.000Z');
  });

  it('where the clock jumps by half an hour', () => {
    expect(next('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T12:00:00Z')).toBe('2026-10-03T15:30:00.000Z');
    expect(next('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T15:30:00Z')).toBe('2026-10-04T15:15:00.000Z');
  });

  it('where the gap ends on another day: in the last minute before it', () => {
    expect(next('30 23 * * *', 'America/Nuuk', '2027-03-27T12:00:00Z')).toBe('2027-03-28T00:59:00.000Z');
    expect(next('30 23 * * *', 'America/Nuuk', '2027-03-28T00:59:00Z')).toBe('2027-03-29T00:30:00.000Z');
  });

  it('by the hour it goes by what the clock shows: not in the gap, and in both of two same hours', () => {
    const runs = (cron: string, from: string, to: string) => {
      const found: string[] = [];
      for (let at: string | undefined = from; (at = next(cron, 'Europe/Vienna', at)) && new Date(at) < new Date(to);)
        found.push(at);
      return found.map((one) => one.slice(11, 16));
    };
    expect(runs('30 * * * *', '2027-03-28T00:00:00Z', '2027-03-28T02:00:00Z')).toEqual(['00:30', '01:30']);
    expect(runs('30 * * * *', '2026-10-24T23:00:00Z', '2026-10-25T03:00:00Z')).toEqual([
      ...['23:30', '00:30', '01:30', '02:30'],
    ]);
    expect(runs('*/20 */2 * * *', '2026-10-24T23:50:00Z', '2026-10-25T03:00:00Z')).toEqual([
      ...['00:00', '00:20', '00:40', '01:00', '01:20', '01:40'],
    ]);
  });

  it('a daily schedule comes once on every day that there is, in every zone, for ten years', () => {
    const WEEK = 7 * 86_400_000;
    const [first, last] = [Date.UTC(2024, 0, 1), Date.UTC(2034, 0, 1)];
    let checked = 0;
    const weeks = Array.from({ length: (last - first) / WEEK + 1 }, (_, week) => first + week * WEEK);
    // zones whose clocks are set alike count once
    const zones = new Map<string, { zone: string; changes: number[] }>();
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      const offsets = weeks.map((week) => shownAt(zone, new Date(week)).getTime() - week);
      const changes = weeks.filter((_, week) => offsets[week] !== offsets[week + 1]).slice(0, -1);
      zones.set(offsets.join(), { zone, changes });
    }
    for (const { zone, changes } of zones.values())
      for (const week of changes)
        for (const time of ['0 0', '15 2', '30 23']) {
          const days: string[] = [];
          for (let at = new Date(week - WEEK); at.getTime() < week + 2 * WEEK;) {
            at = nextRun(`${time} * * *`, zone, at) ?? new Date(Infinity);
            days.push(shownAt(zone, at).toISOString().slice(0, 10));
          }
          const begin = new Date(`${days[0] ?? ''}T00:00:00Z`).getTime();
          const expected = days.map((_, day) => new Date(begin + day * 86_400_000).toISOString().slice(0, 10));
          if (days.join() !== expected.join()) throw new Error(`${time} in ${zone}: ${days.join()}`);
          checked += 1;
        }
    expect(checked).toBeGreaterThan(1_000);
  }, 120_000);

  it('a day that the zone skips has none', () => {
    expect(next('0 12 * * *', 'Pacific/Apia', '2011-12-29T22:00:00Z')).toBe('2011-12-30T22:00:00.000Z');
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
