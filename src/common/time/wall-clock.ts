const MINUTE = 60_000;
/** Further apart than any clock is ever set: zones have skipped a whole day. */
const FAR = 26 * 60 * MINUTE;

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError of a zone that is not known */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    const two = '2-digit' as const;
    const date = { era: 'short', year: 'numeric', month: two, day: two } as const;
    format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      ...{ timeZone, hourCycle: 'h23', ...date, hour: two, minute: two, second: two },
    });
    formats.set(timeZone, format);
  }
  return format;
}

/**
 * What the clock of a zone shows at a moment, to the second, as if that were UTC: 02:30 in Vienna is 02:30Z.
 * @throws RangeError of a zone that is not known
 */
export function shownAt(timeZone: string, moment: Date): Date {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(moment)
      .map(({ type, value }) => [type, value]),
  );
  const of = (part: Intl.DateTimeFormatPartTypes) => Number(parts.get(part));
  return new Date(Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')));
}

const offsetAt = (timeZone: string, at: number): number =>
  shownAt(timeZone, new Date(at)).getTime() - Math.floor(at / 1000) * 1000;

/** Whether the clock is not set within a day before and after. */
export function zoneIsSteady(timeZone: string, moment: Date): boolean {
  const at = moment.getTime();
  return offsetAt(timeZone, at - FAR) === offsetAt(timeZone, at + FAR);
}

/**
 * The first moment at which the clock of a zone shows this. Where it never does: undefined, or with `moved` the first
 * moment after the gap, or, where that is another day, the last minute before it; undefined of a day that is skipped.
 *
 * @param shown as {@link shownAt} tells it
 */
export function instantShowing(timeZone: string, shown: Date, moved: boolean): Date | undefined {
  const at = shown.getTime();
  const [before, after] = [offsetAt(timeZone, at - FAR), offsetAt(timeZone, at + FAR)];
  const exact = [at - before, at - after]
    .sort((one, other) => one - other)
    .find((moment) => shownAt(timeZone, new Date(moment)).getTime() === at);
  if (exact !== undefined) return new Date(exact);
  if (!moved) return undefined;
  const end = changeBetween(timeZone, at - FAR, at + FAR);
  const sameDay = (moment: number) => sameDate(shownAt(timeZone, new Date(moment)), shown);
  return [end, end - MINUTE].filter(sameDay).map((moment) => new Date(moment))[0];
}

/** The moment at which the offset changes, of which there is one in between. */
function changeBetween(timeZone: string, from: number, to: number): number {
  const first = offsetAt(timeZone, from);
  let [low, high] = [Math.floor(from / 1000), Math.ceil(to / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timeZone, middle * 1000) === first) low = middle;
    else high = middle;
  }
  return high * 1000;
}

function sameDate(one: Date, other: Date): boolean {
  return one.toISOString().slice(0, 10) === other.toISOString().slice(0, 10);
}
