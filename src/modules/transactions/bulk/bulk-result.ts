import { Problem, type ProblemDocument, type ProblemItem, problemDocument } from '../../../common/problems/problem';
import { TransactionResponse } from '../posting/transaction.response.dto';
import { type Outcome } from '../engine/command';
import { asRecorded } from '../engine/replay';
import { BULK_REFUSED } from './bulk.errors';

/** What became of an item, as it goes to the caller. */
export interface ItemResult {
  readonly index: number;
  readonly status: number;
  readonly replayed: boolean;
  readonly transaction?: TransactionResponse;
  readonly problem?: ProblemDocument;
}

/** @param recordedAs the status of an item that is recorded, or would be */
export function resultOf(index: number, outcome: Outcome, recordedAs: number, publicUrl: string): ItemResult {
  switch (outcome.kind) {
    case 'recorded': {
      const { replayed, balances } = outcome;
      const transaction = TransactionResponse.of(asRecorded(outcome.transaction), balances);
      return { index, status: recordedAs, replayed, transaction };
    }
    case 'refused':
      return refusedAs(index, outcome.problem, publicUrl, outcome.replayed);
    case 'stored':
      return { index, status: outcome.status, replayed: true, problem: outcome.body as ProblemDocument };
    case 'aborted':
      throw new Error('an aborted item has no result of its own');
  }
}

export function refusedAs(index: number, problem: Problem, publicUrl: string, replayed = false): ItemResult {
  return { index, status: problem.status, replayed, problem: problemDocument(problem, publicUrl) };
}

/** An atomic request that was refused: what was wrong with each of its items that were, with pointers into the body. */
export function bulkRefused(refused: readonly ItemResult[]): Problem {
  const errors = refused.flatMap(({ index, problem }): ProblemItem[] => {
    const { code, detail, errors: items = [{ pointer: '', detail }] } = problem as ProblemDocument;
    return items.map((item) => ({ pointer: `/items/${index}${item.pointer}`, detail: item.detail, code }));
  });
  const count = refused.length === 1 ? 'One item was' : `${refused.length} items were`;
  return new Problem(BULK_REFUSED, `${count} refused, so nothing was recorded.`, { errors });
}
