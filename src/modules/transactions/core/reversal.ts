import { Problem } from '../../../common/problems/problem';
import { ALREADY_REVERSED, NOT_REVERSIBLE, TRANSACTION_NOT_FOUND } from './refusals.errors';
import { type Book } from './book';
import { effectiveAtOf } from './effective';
import { assertMoves } from './entries';
import { assertBalanceLimits, assertRange, effectsOf } from './limit-check';
import { type Reversal } from './orders';
import { takePart } from './part';
import { type RecordedTransaction } from './recorded';
import { assertReferenceIsFree } from './refusal';
import { entriesOf } from './settlement';

/**
 * Takes back a posted transaction, wholly or in part: its entries with debit and credit changed over. All reversals of
 * a transaction together are never more than it was (REL-07).
 * @throws Problem of 404 or 422; then nothing has changed
 */
export function reverse(book: Book, order: Reversal): RecordedTransaction {
  const original = book.parents.get(order.parentId);
  if (!original) throw new Problem(TRANSACTION_NOT_FOUND, 'The ledger has no transaction with this id.');
  if (original.kind !== 'posting' && original.kind !== 'capture')
    throw new Problem(
      NOT_REVERSIBLE,
      original.kind === 'hold'
        ? 'A hold is voided, not reversed; what was captured of it can be reversed.'
        : `A ${original.kind} cannot be reversed.`,
    );
  if (!original.remaining.some((left) => left > 0n))
    throw new Problem(ALREADY_REVERSED, 'Nothing is left of it: it was reversed before.');
  const effectiveAt = effectiveAtOf(book, original, order.effectiveAt);
  const taken = takePart(book, original, order.part);
  const entries = entriesOf(book, original, taken, 'reversed').map((entry) => ({
    ...entry,
    direction: entry.direction === 'debit' ? ('credit' as const) : ('debit' as const),
  }));
  entries.forEach(({ account, direction }, index) => {
    assertMoves(account, direction, index);
  });
  assertReferenceIsFree(book, order.reference);
  const effects = effectsOf(book, entries);
  assertRange(book, effects, entries);
  assertBalanceLimits(book, effects);

  const { id, parentId, reference, description, createdBy, metadata } = order;
  const transaction = book.record(
    {
      ...{ id, kind: 'reversal', parentId, templateId: null, reference, description, createdBy, metadata },
      effectiveAt,
      expiresAt: null,
    },
    entries,
  );
  book.changeParent(
    original,
    original.remaining.map((left, place) => left - (taken[place] ?? 0n)),
    null,
  );
  return transaction;
}
