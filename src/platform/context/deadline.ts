import { OUTCOME_UNKNOWN, REQUEST_TIMEOUT, UNAVAILABLE } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';

/** Who waits for a piece of work, as those see it who carry it out. */
export interface Caller {
  /** Aborted when nobody waits any more: work that has not begun is then left out. */
  readonly signal: AbortSignal;
  /** Said before the moment from which on the work may be done although its caller hears nothing of it. */
  begins?(): void;
}

/**
 * The end of a request's time, whatever it waits for: the database, Redis, a hash, a queue. It keeps track of whether
 * something may have happened by then, so that the answer at the end is true: either nothing was changed, and nothing
 * will be, or the outcome is not known.
 */
export class Deadline implements Caller {
  private readonly controller = new AbortController();
  private begun = false;
  private over: Problem | undefined;

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  begins(): void {
    this.begun = true;
  }

  /** The client has hung up: what has not begun is left out, what has begun goes on. */
  leave(): void {
    this.controller.abort(new Problem(REQUEST_TIMEOUT, 'The client has gone; the request was withdrawn.'));
  }

  /** The time is over. @returns the answer */
  pass(): Problem {
    const headers = { 'retry-after': '1' };
    this.over = this.begun
      ? new Problem(OUTCOME_UNKNOWN, 'It took too long. Repeat the request with the same Idempotency-Key.', { headers })
      : new Problem(UNAVAILABLE, 'It took too long. Nothing was changed; try again.', { headers });
    this.controller.abort(this.over);
    return this.over;
  }

  /** The request was answered that its time is over: it may not begin anything any more. @throws Problem that answer */
  throwIfPassed(): void {
    if (this.over) throw this.over;
  }
}
