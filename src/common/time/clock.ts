/** Tells the time. What depends on it takes a clock, so that a test can hold it still. */
export interface Clock {
  /** the present moment; a new Date each time, which the caller may keep */
  now(): Date;
}

/** The computer's own clock. */
export const systemClock: Clock = Object.freeze({ now: () => new Date() });
