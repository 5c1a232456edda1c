import { setImmediate } from 'node:timers/promises';

/** Asks again and again until the answer is there; for what another connection has to hear first. */
export async function eventually(what: string, holds: () => Promise<boolean>, withinMs = 5_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await setImmediate();
  }
}
