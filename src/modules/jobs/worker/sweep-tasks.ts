import { Injectable } from '@nestjs/common';

export interface SweepTask {
  readonly name: string;
  /** Milliseconds from one run to the next, at the least. */
  readonly everyMs: number;
  run(): Promise<void>;
}

/**
 * What one process at a time looks for over all tenants, to make jobs of it. Modules add theirs when they start; in a
 * process that runs no jobs nobody asks for them.
 */
@Injectable()
export class SweepTasks {
  private readonly tasks: { readonly task: SweepTask; dueAt: number }[] = [];

  add(task: SweepTask): void {
    this.tasks.push({ task, dueAt: 0 });
  }

  /** Those whose time has come. They are not given again before their interval has passed. */
  due(): SweepTask[] {
    const now = performance.now();
    const due = this.tasks.filter(({ dueAt }) => dueAt <= now);
    for (const item of due) item.dueAt = now + item.task.everyMs;
    return due.map(({ task }) => task);
  }
}
