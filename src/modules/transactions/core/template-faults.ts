import { Problem, type ProblemItem, type ProblemType } from '../../../common/problems/problem';

/** One thing that is wrong with a template or with the values of its parameters. */
export class TemplateFault extends Error {
  constructor(
    /** JSON Pointer into the body. */
    readonly pointer: string,
    readonly detail: string,
  ) {
    super(`${pointer}: ${detail}`);
  }
}

/** What is wrong, all of it, so that a caller can mend it in one go. */
export class TemplateFaults {
  private readonly items: ProblemItem[] = [];

  /** What `work` returns; undefined when it throws a fault, which is kept. */
  collect<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      const { pointer, detail } = error;
      // one value can be wrong in several places
      if (!this.items.some((item) => item.pointer === pointer)) this.items.push({ pointer, detail });
      return undefined;
    }
  }

  /** @throws Problem of the type, with all faults */
  throwIfAny(type: ProblemType): void {
    if (this.items.length === 0) return;
    const [first] = this.items;
    const detail =
      this.items.length === 1 ? `${first?.pointer} ${first?.detail}.` : `${this.items.length} things are wrong.`;
    throw new Problem(type, detail, { errors: this.items });
  }
}
