import { CronExpressionParser } from 'cron-parser';
import { instantShowing, shownAt, zoneIsSteady } from '../../common/time/wall-clock';

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * The first moment after `after` that a schedule names, in its time zone.
 *
 * A schedule that names hours comes once for each local time that it names. Where the clock skips that time it comes at
 * the first moment after the gap, or, where that is another day, at the last minute before it; a time that is shown
 * twice counts the first time. So a daily schedule comes once on every day that the zone has. One that runs by the hour
 * (`*` in its second field) goes by what the clock shows: not for what it skips, twice for what it shows twice.
 *
 * @returns undefined when the expression is not five cron fields, the zone is not known, or such a moment never comes
 */
export function nextRun(cron: string, timeZone: string, after: Date): Date | undefined {
  // with six fields the first would be seconds: nobody wants a job every second
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const byTheHour = fields[1]?.startsWith('*') ?? false;
  try {
    const steady = zoneIsSteady(timeZone, after);
    const named = nextNamed(fields.join(' '), timeZone, after, !byTheHour, steady);
    if (!byTheHour || steady) return named;
    return shownAgain(fields.join(' '), timeZone, after, named) ?? named;
  } catch {
    return undefined;
  }
}

/** @param moved whether a time that the clock skips comes all the same */
function nextNamed(cron: string, timeZone: string, after: Date, moved: boolean, steady: boolean): Date {
  // around a change of the clock what is named may be earlier than what it shows
  const from = new Date(shownAt(timeZone, after).getTime() - (steady ? 0 : DAY + MINUTE));
  const times = CronExpressionParser.parse(cron, { currentDate: from, tz: 'UTC' });
  for (;;) {
    const moment = instantShowing(timeZone, times.next().toDate(), moved);
    if (moment && moment > after) return moment;
  }
}

/** The first minute before `end` whose time has been shown before, and is named. */
function shownAgain(cron: string, timeZone: string, after: Date, end: Date): Date | undefined {
  const times = CronExpressionParser.parse(cron, { tz: 'UTC' });
  const last = Math.min(end.getTime(), after.getTime() + DAY);
  for (let at = Math.floor(after.getTime() / MINUTE) * MINUTE + MINUTE; at < last; at += MINUTE)
    if (times.includesDate(shownAt(timeZone, new Date(at)))) return new Date(at);
  return undefined;
}
