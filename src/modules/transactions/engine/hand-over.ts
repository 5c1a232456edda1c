import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../../common/problems/problem';
import { type Caller } from '../../../platform/context/deadline';
import { QUEUE_FULL } from './engine.errors';
import { type Outcome, type Unit } from './command';
import { type PostingEngine } from './posting-engine';

/** Others post to the ledger too: how long many commands of one caller wait for room in its queue. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 25;

/**
 * As `PostingEngine.submit`, for a caller with many units: it waits for room in the ledger's queue, and returns when the
 * engine has the unit. What is handed over after that is decided after it.
 *
 * @returns the outcomes to come; nobody need listen
 * @throws Problem `ledger-busy` when there was no room for half a minute; the reason of the caller’s signal
 */
export async function handOver(
  engine: PostingEngine,
  tenantId: string,
  ledgerId: string,
  unit: Unit,
  caller?: Caller,
): Promise<{ readonly outcomes: Promise<Outcome[]> }> {
  for (const since = performance.now(); ;) {
    caller?.signal.throwIfAborted();
    try {
      const outcomes = engine.submit(tenantId, ledgerId, unit, caller);
      outcomes.catch(() => undefined);
      return { outcomes };
    } catch (error) {
      const full = error instanceof Problem && error.type === QUEUE_FULL;
      if (!full || performance.now() - since > PATIENCE_MS) throw error;
      await delay(PAUSE_MS);
    }
  }
}
