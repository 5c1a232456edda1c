import { type Caller } from '../../../platform/context/deadline';
import { requestContext } from '../../../platform/context/request-context';
import { type Outcome, type Unit, weightOf } from './command';

interface Waiting {
  readonly unit: Unit;
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: unknown) => void;
  readonly caller: Caller | undefined;
  readonly since: number;
}

export interface LaneLimits {
  /** Most commands in a batch; a larger unit is a batch by itself. */
  readonly batch: number;
  /** Most entries in a batch, likewise. */
  readonly entries: number;
  /** Most commands that wait. */
  readonly queue: number;
}

/**
 * The queue of one ledger. While a batch is being committed the next one gathers; a lone command goes at once. The
 * caller waits until its batch is committed.
 */
export class Lane {
  private waiting: Waiting[] = [];
  private commands = 0;
  private running = false;

  constructor(
    private readonly limits: LaneLimits,
    /** Runs a batch when there is a connection for it. What arrives or is withdrawn until then is in it, or not. */
    private readonly inTurn: (batch: () => Promise<void>) => Promise<void>,
    /** Carries out a batch; outcomes or an error per unit, in order. It never throws. */
    private readonly execute: (units: readonly Unit[]) => Promise<readonly (Outcome[] | Error)[]>,
    private readonly onIdle: () => void,
    private readonly onWaited: (seconds: number) => void,
  ) {}

  /** Commands that wait. */
  get length(): number {
    return this.commands;
  }

  /** @returns undefined when the queue is full: nothing was taken */
  submit(unit: Unit, caller?: Caller): Promise<Outcome[]> | undefined {
    // a unit that alone is larger than the queue may wait in an empty one
    if (this.commands > 0 && this.commands + unit.commands.length > this.limits.queue) return undefined;
    const result = new Promise<Outcome[]>((resolve, reject) => {
      this.waiting.push({ unit, resolve, reject, caller, since: performance.now() });
    });
    this.commands += unit.commands.length;
    if (!this.running) {
      this.running = true;
      // commands that arrive in the same turn share the first batch; it is not the work of the one that came first
      requestContext.outside(() => setImmediate(() => void this.run()));
    }
    return result;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) await this.inTurn(() => this.next());
    this.running = false;
    this.onIdle();
  }

  private async next(): Promise<void> {
    const batch = this.take();
    if (batch.length === 0) return;
    const now = performance.now();
    for (const { since } of batch) this.onWaited((now - since) / 1000);
    const results = await this.execute(batch.map(({ unit }) => unit));
    const answer = () => {
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined || result instanceof Error) reject(result ?? new Error('no outcome'));
        else resolve(result);
      });
    };
    // the next batch is on its way to the database before the callers of this one make work for the processor
    if (this.waiting.length > 0) setImmediate(answer);
    else answer();
  }

  /** The next batch, without those whose callers have gone: their batch has not begun, so nothing is lost. */
  private take(): Waiting[] {
    let commands = 0;
    let entries = 0;
    let end = 0;
    for (const { unit } of this.waiting) {
      commands += unit.commands.length;
      entries += weightOf(unit);
      if (end > 0 && (commands > this.limits.batch || entries > this.limits.entries)) break;
      end += 1;
    }
    const next = this.waiting.slice(0, end);
    this.waiting = this.waiting.slice(end);
    for (const { unit } of next) this.commands -= unit.commands.length;
    return next.filter(({ caller, reject }) => {
      if (!caller) return true;
      if (caller.signal.aborted) reject(caller.signal.reason as Error);
      else caller.begins?.();
      return !caller.signal.aborted;
    });
  }
}
