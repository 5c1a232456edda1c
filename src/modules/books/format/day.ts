import { formatInstant } from '../../../common/time/instant';

/** The day of an instant in UTC: `2026-11-21`. Books on paper and in files have days, not instants. */
export const dayOf = (instant: Date): string => formatInstant(instant).slice(0, 10);
