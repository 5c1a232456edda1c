import { UNAVAILABLE } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';

/** Runs a few costly things at once, lets a few wait, and turns the rest away at once instead of growing a queue. */
export class BoundedPool {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly concurrency: number,
    private readonly queue: number,
  ) {}

  /** @throws Problem `unavailable` when the queue is full */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.concurrency) this.running += 1;
    else {
      if (this.waiting.length >= this.queue)
        throw new Problem(UNAVAILABLE, 'Too many sign-ins at once; try again.', { headers: { 'retry-after': '1' } });
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      // the place passes on to whoever has waited longest
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
