import { CronExpressionParser } from 'cron-parser';

/**
 * The first moment after `after` that a schedule names, in its time zone: 02:30 in a night without a 02:30 comes at the
 * first moment after it, and only once in a night that has two.
 *
 * @returns undefined when the expression is not five cron fields, the zone is not known, or such a moment never comes
 */
export function nextRun(cron: string, timeZone: string, after: Date): Date | undefined {
  // with six fields the first would be seconds: nobody wants a job every second
  if (cron.trim().split(/\s+/).length !== 5) return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return CronExpressionParser.parse(cron.trim(), { currentDate: after, tz: timeZone }).next().toDate();
  } catch {
    return undefined;
  }
}
