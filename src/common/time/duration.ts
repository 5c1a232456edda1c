const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What {@link parseDuration} takes, for OpenAPI documents too. */
export const DURATION_PATTERN =
  '^P(?!$)(?:([0-9]{1,9})W|(?:([0-9]{1,9})D)?(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?)$';

const DURATION = new RegExp(DURATION_PATTERN);

/**
 * Reads an ISO 8601 duration of whole weeks ("P2W"), or of whole days, hours, minutes and seconds ("P1D", "PT1H30M",
 * "P1DT12H"), as seconds. A day has 24 hours.
 *
 * Undefined for anything else: years and months, which have no length of their own, fractions, signs, a part without a
 * number, nothing at all ("P", "P1DT").
 */
export function parseDuration(text: unknown): number | undefined {
  const parts = typeof text === 'string' ? DURATION.exec(text) : null;
  if (parts === null) return undefined;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  return weeks * 7 * DAY + days * DAY + hours * HOUR + minutes * MINUTE + seconds;
}

/**
 * Writes seconds as an ISO 8601 duration in days, hours, minutes and seconds: 5400 is "PT1H30M", a week "P7D".
 *
 * @throws RangeError for what is not a whole number of seconds, 0 or more
 */
export function formatDuration(seconds: number): string {
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw new RangeError(`Not a whole number of seconds: ${seconds}`);
  if (seconds === 0) return 'PT0S';
  const part = (count: number, unit: string): string => (count === 0 ? '' : `${count}${unit}`);
  const time =
    part(Math.trunc((seconds % DAY) / HOUR), 'H') +
    part(Math.trunc((seconds % HOUR) / MINUTE), 'M') +
    part(seconds % MINUTE, 'S');
  return `P${part(Math.trunc(seconds / DAY), 'D')}${time === '' ? '' : `T${time}`}`;
}
