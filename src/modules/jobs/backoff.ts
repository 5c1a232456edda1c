const LONGEST_MS = 3_600_000;

/**
 * Pause before the next attempt: doubles from `firstMs` up to an hour, of which the last half is random, so that jobs
 * that failed together do not come back together.
 *
 * @param attempt the one that failed, from 1
 * @param random 0 to 1
 */
export function backoffMs(attempt: number, firstMs: number, random = Math.random()): number {
  const pause = Math.min(LONGEST_MS, firstMs * 2 ** (attempt - 1));
  return Math.round(pause / 2 + (pause / 2) * random);
}
