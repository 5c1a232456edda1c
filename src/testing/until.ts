import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until the answer is truthy.
 * @throws when it still is not after `withinMs`; `what` says what was waited for, and may say what was there instead
 */
export async function until<T>(
  what: string | (() => string),
  ask: () => Promise<T> | T,
  withinMs = 10_000,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer as Exclude<T, undefined | null | false>;
    if (performance.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await delay(20);
  }
}
