import fc from 'fast-check';
import { formatInstant, parseDate, parseInstant } from './instant';

const FIRST = new Date('0001-01-01T00:00:00.000Z');
const LAST = new Date('9999-12-31T23:59:59.999Z');
const instants = fc.date({ min: FIRST, max: LAST, noInvalidDate: true });

describe('parseInstant (API-17)', () => {
  it.each([
    ['2026-11-21T10:15:00Z', '2026-11-21T10:15:00.000Z'],
    ['2026-11-21t10:15:00z', '2026-11-21T10:15:00.000Z'],
    ['2026-11-21T10:15:00.2Z', '2026-11-21T10:15:00.200Z'],
    ['2026-11-21T10:15:00.25Z', '2026-11-21T10:15:00.250Z'],
    ['2026-11-21T10:15:00.001+01:00', '2026-11-21T09:15:00.001Z'],
    ['2026-11-21T23:15:00-05:30', '2026-11-22T04:45:00.000Z'],
    ['2026-11-21T10:15:00-00:00', '2026-11-21T10:15:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0026-06-01T00:00:00Z', '0026-06-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['1985-04-12T23:20:50.52Z', '1985-04-12T23:20:50.520Z'], // RFC 3339 §5.8
    ['1996-12-19T16:39:57-08:00', '1996-12-20T00:39:57.000Z'], // RFC 3339 §5.8
    ['1937-01-01T12:00:27.87+00:20', '1937-01-01T11:40:27.870Z'], // RFC 3339 §5.8
  ])('reads %s', (text, utc) => {
    expect(parseInstant(text)?.toISOString()).toBe(utc);
  });

  it.each<[unknown, string]>([
    ['2026-11-21T10:15:00', 'no zone'],
    ['2026-11-21', 'a date only'],
    ['2026-11-21 10:15:00Z', 'a space'],
    ['2026-11-21T10:15Z', 'no seconds'],
    ['2026-11-21T10:15:00.1234Z', 'more than milliseconds'],
    ['2026-11-21T10:15:00.Z', 'an empty fraction'],
    ['2026-11-21T10:15:00,5Z', 'a comma'],
    ['2026-11-21T24:00:00Z', 'hour 24'],
    ['2026-11-21T10:60:00Z', 'minute 60'],
    ['1990-12-31T23:59:60Z', 'a leap second'],
    ['2026-02-29T10:15:00Z', '29 February of a common year'],
    ['1900-02-29T10:15:00Z', '29 February of a century'],
    ['2026-04-31T10:15:00Z', '31 April'],
    ['2026-13-01T10:15:00Z', 'month 13'],
    ['2026-00-01T10:15:00Z', 'month 0'],
    ['2026-01-00T10:15:00Z', 'day 0'],
    ['0000-01-01T00:00:00Z', 'year 0'],
    ['0001-01-01T00:00:00+00:01', 'year 0 in UTC'],
    ['9999-12-31T23:59:59-00:01', 'year 10000 in UTC'],
    ['2026-11-21T10:15:00+24:00', 'offset hour 24'],
    ['2026-11-21T10:15:00+01:60', 'offset minute 60'],
    ['2026-11-21T10:15:00+0100', 'an offset without colon'],
    ['2026-11-21T10:15:00+01', 'an offset without minutes'],
    ['2026-11-21T10:15:00Z\n', 'a line feed after'],
    [' 2026-11-21T10:15:00Z', 'a space before'],
    ['+002026-11-21T10:15:00Z', 'an expanded year'],
    ['20261121T101500Z', 'the basic form'],
    ['', 'nothing'],
    [1_795_256_100_000, 'a number'],
    [new Date(0), 'a Date'],
    [null, 'null'],
    [undefined, 'undefined'],
  ])('API-17 refuses %p: %s', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it('API-17 reads back whatever formatInstant writes', () => {
    fc.assert(
      fc.property(instants, (date) => {
        const text = formatInstant(date);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(parseInstant(text)).toEqual(date);
      }),
      { examples: [[FIRST], [LAST]] },
    );
  });

  it('API-17 finds the same instant in every zone', () => {
    const offsets = fc.integer({ min: -1439, max: 1439 });
    const away = fc.date({
      min: new Date('0002-01-01T00:00Z'),
      max: new Date('9998-01-01T00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(away, offsets, (date, minutes) => {
        const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
        const part = (value: number): string => String(Math.floor(value)).padStart(2, '0');
        const zone = `${minutes < 0 ? '-' : '+'}${part(Math.abs(minutes) / 60)}:${part(Math.abs(minutes) % 60)}`;
        expect(parseInstant(local + zone)).toEqual(date);
      }),
    );
  });

  it('API-17 knows exactly the days of the calendar', () => {
    const two = (value: number): string => String(value).padStart(2, '0');
    for (const year of [1900, 2000, 2023, 2024]) {
      const days: string[] = [];
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const text = `${year}-${two(month)}-${two(day)}`;
          if (parseDate(text) !== undefined) days.push(text);
        }
      }
      const calendar: string[] = [];
      for (let time = Date.UTC(year, 0, 1); time < Date.UTC(year + 1, 0, 1); time += 86_400_000) {
        calendar.push(new Date(time).toISOString().slice(0, 10));
      }
      expect(days).toEqual(calendar);
    }
  });
});

describe('formatInstant', () => {
  it.each([new Date(Number.NaN), new Date(FIRST.getTime() - 1), new Date(LAST.getTime() + 1)])(
    'throws for a date it cannot write',
    (date) => {
      expect(() => formatInstant(date)).toThrow(RangeError);
    },
  );
});

describe('parseDate (API-17)', () => {
  it('reads a day as its midnight in UTC', () => {
    expect(parseDate('2026-11-21')).toEqual(new Date('2026-11-21T00:00:00.000Z'));
    expect(parseDate('0026-02-28')?.toISOString()).toBe('0026-02-28T00:00:00.000Z');
  });

  it.each(['2026-11-21T00:00:00Z', '2026-1-1', '20261121', '2026-02-30', '0000-01-01', '2026-11-21\n', '', 20261121])(
    'refuses %p',
    (text) => {
      expect(parseDate(text)).toBeUndefined();
    },
  );
});
