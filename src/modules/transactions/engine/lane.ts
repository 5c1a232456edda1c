import { type Command, type Outcome } from './command';

interface Waiting {
  readonly command: Command;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * The queue of one ledger. While a batch is being committed the next one gathers; a lone command goes at once. The
 * caller waits until its batch is committed.
 */
export class Lane {
  private waiting: Waiting[] = [];
  private running = false;

  constructor(
    private readonly limits: { readonly batch: number; readonly queue: number },
    /** Carries out a batch; an outcome or an error per command, in order. It never throws. */
    private readonly execute: (commands: readonly Command[]) => Promise<readonly (Outcome | Error)[]>,
    private readonly onIdle: () => void,
  ) {}

  get length(): number {
    return this.waiting.length;
  }

  /** @returns undefined when the queue is full: nothing was taken */
  submit(command: Command, signal?: AbortSignal): Promise<Outcome> | undefined {
    if (this.waiting.length >= this.limits.queue) return undefined;
    const result = new Promise<Outcome>((resolve, reject) => {
      this.waiting.push({ command, resolve, reject, signal });
    });
    if (!this.running) {
      this.running = true;
      // commands that arrive in the same turn share the first batch
      setImmediate(() => void this.run());
    }
    return result;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.take();
      if (batch.length === 0) continue;
      const results = await this.execute(batch.map(({ command }) => command));
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined || result instanceof Error) reject(result ?? new Error('no outcome'));
        else resolve(result);
      });
    }
    this.running = false;
    this.onIdle();
  }

  /** The next batch, without those whose callers have gone: their batch has not begun, so nothing is lost. */
  private take(): Waiting[] {
    const next = this.waiting.slice(0, this.limits.batch);
    this.waiting = this.waiting.slice(next.length);
    return next.filter(({ signal, reject }) => {
      if (!signal?.aborted) return true;
      reject(signal.reason as Error);
      return false;
    });
  }
}
