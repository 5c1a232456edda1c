/**
 * Tells the process's time: for tokens, timers, caches and metrics. What is recorded, or compared with what was recorded,
 * takes PostgreSQL's, which all processes share: `currentTransaction().now`. How long something took is
 * `performance.now()`, which nobody sets. A test that holds the time still provides another.
 */
export abstract class Clock {
  /** The present moment; a new Date each time, which the caller may keep. */
  abstract now(): Date;
}

/** The computer's own. */
export const systemClock: Clock = Object.freeze({ now: () => new Date() });
