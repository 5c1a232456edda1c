const INSTANT = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

const MINUTE = 60_000;
// 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: RFC 3339 has four digits for a year, PostgreSQL has no year 0
const EARLIEST = -62_135_596_800_000;
const LATEST = 253_402_300_799_999;

/**
 * Reads an RFC 3339 date-time with its time zone: "2026-11-21T10:15:00Z", "2026-11-21T10:15:00.250+01:00".
 *
 * Undefined for anything else: no zone, a day the calendar lacks, 24:00, a leap second (:60, which a Date cannot hold),
 * more than three digits of fraction (they would be lost, and with them the promise that what is written is read back),
 * an instant before the year 1 or after 9999 in UTC.
 */
export function parseInstant(text: unknown): Date | undefined {
  const match = typeof text === 'string' ? INSTANT.exec(text) : null;
  if (match === null) return undefined;
  const midnight = midnightOf(match[1], match[2], match[3]);
  if (midnight === undefined) return undefined;
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6]);
  if (hour > 23 || minute > 59 || second > 59) return undefined;

  const offsetHour = Number(match[9] ?? 0);
  const offsetMinute = Number(match[10] ?? 0);
  if (offsetHour > 23 || offsetMinute > 59) return undefined;
  const offset = (offsetHour * 60 + offsetMinute) * (match[8] === '-' ? -MINUTE : MINUTE);

  const milliseconds = Number((match[7] ?? '').padEnd(3, '0'));
  const time = midnight + (hour * 60 + minute) * MINUTE + second * 1000 + milliseconds - offset;
  return time < EARLIEST || time > LATEST ? undefined : new Date(time);
}

/**
 * Writes an instant as RFC 3339 in UTC with milliseconds, always 24 characters: "2026-11-21T10:15:00.000Z".
 *
 * @throws RangeError for an invalid Date and for one outside the years 1 to 9999
 */
export function formatInstant(date: Date): string {
  const time = date.getTime();
  if (!(time >= EARLIEST && time <= LATEST)) throw new RangeError('Not an instant of the years 1 to 9999.');
  return date.toISOString();
}

/** Reads an RFC 3339 full-date ("2026-11-21") as its midnight in UTC; undefined for anything else. */
export function parseDate(text: unknown): Date | undefined {
  const match = typeof text === 'string' ? DATE.exec(text) : null;
  if (match === null) return undefined;
  const midnight = midnightOf(match[1], match[2], match[3]);
  return midnight === undefined ? undefined : new Date(midnight);
}

/** Unix milliseconds of a day's midnight in UTC, if the Gregorian calendar has the day and its year is 1 to 9999. */
function midnightOf(yearText?: string, monthText?: string, dayText?: string): number | undefined {
  const year = Number(yearText);
  const month = Number(monthText);
  const day = Number(dayText);
  if (year === 0) return undefined;
  const date = new Date(0);
  // not Date.UTC, which takes the year 26 for 1926
  date.setUTCFullYear(year, month - 1, day);
  // a Date turns 30 February into 2 March
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}
