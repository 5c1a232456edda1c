import { NIL_UUID } from '../../../common/ids/uuid';
import { Problem } from '../../../common/problems/problem';
import { HOLD_NOT_PENDING, NOT_A_HOLD, TRANSACTION_NOT_FOUND, UNKNOWN_CURRENCY } from './refusals.errors';
import { balanceKey } from './balance';
import { type Book, type HoldStatus, type ParentState, type ResolvedEntry } from './book';
import { effectiveAtOf } from './effective';
import { assertMoves } from './entries';
import { assertRange, effectsOf } from './limit-check';
import { type Capture, type Void } from './orders';
import { takePart } from './part';
import { type EntryKind, type RecordedTransaction } from './recorded';
import { assertReferenceIsFree } from './refusal';

/**
 * Posts what a hold reserved, wholly or in part. Limits were met when it was made, and moving from reserved to posted
 * changes neither the available nor the expected balance, so a capture is never short of funds.
 * @throws Problem of 404 or 422; then nothing has changed
 */
export function capture(book: Book, order: Capture): RecordedTransaction {
  const hold = pendingHold(book, order.parentId);
  const head = headOf(book, hold, order);
  const taken = takePart(book, hold, order.part);
  const captured = entriesOf(book, hold, taken, 'captured');
  captured.forEach(({ account, direction }, index) => {
    assertMoves(account, direction, index);
  });
  assertReferenceIsFree(book, order.reference);
  const rest = hold.remaining.map((left, place) => left - (taken[place] ?? 0n));
  const released = order.releaseRest ? hold.remaining : taken;
  const entries = [...captured, ...entriesOf(book, hold, released, 'released')];
  assertRange(book, effectsOf(book, entries), entries);

  const remaining = order.releaseRest ? rest.map(() => 0n) : rest;
  const transaction = book.record({ ...head, kind: 'capture' }, entries);
  book.changeParent(hold, remaining, remaining.some((left) => left > 0n) ? 'pending' : 'posted');
  return transaction;
}

/** Frees what is left of a hold. @throws Problem of 404 or 422 */
export function voidHold(book: Book, order: Void): RecordedTransaction {
  const hold = pendingHold(book, order.parentId);
  const head = headOf(book, hold, order);
  assertReferenceIsFree(book, order.reference);
  return release(book, hold, { ...head, kind: 'void' }, 'voided');
}

/** Records that the hold came to its end: it counts from then on, whenever it is recorded. */
export function expire(book: Book, hold: ParentState, id: string): RecordedTransaction {
  const effectiveAt = hold.expiresAt ?? book.now;
  const head = { id, reference: null, description: null, createdBy: NIL_UUID, metadata: {}, parentId: hold.id };
  return release(book, hold, { ...head, kind: 'expiry', templateId: null, effectiveAt, expiresAt: null }, 'expired');
}

function release(
  book: Book,
  hold: ParentState,
  head: Parameters<Book['record']>[0],
  status: HoldStatus,
): RecordedTransaction {
  const transaction = book.record(head, entriesOf(book, hold, hold.remaining, 'released'));
  book.changeParent(
    hold,
    hold.remaining.map(() => 0n),
    status,
  );
  return transaction;
}

function pendingHold(book: Book, id: string): ParentState {
  const hold = book.parents.get(id);
  if (!hold) throw new Problem(TRANSACTION_NOT_FOUND, 'The ledger has no transaction with this id.');
  if (hold.kind !== 'hold') throw new Problem(NOT_A_HOLD, `This transaction is a ${hold.kind}, not a hold.`);
  if (hold.status !== 'pending')
    throw new Problem(HOLD_NOT_PENDING, `The hold is ${hold.status ?? 'settled'} and cannot change any more.`);
  return hold;
}

function headOf(book: Book, hold: ParentState, order: Capture | Void) {
  const { id, reference, description, createdBy, metadata, parentId } = order;
  const effectiveAt = effectiveAtOf(book, hold, order.effectiveAt);
  return { id, reference, description, createdBy, metadata, parentId, effectiveAt, templateId: null, expiresAt: null };
}

/** Entries of the parent with these amounts; those of zero are left out. */
export function entriesOf(
  book: Book,
  parent: ParentState,
  amounts: readonly bigint[],
  kind: EntryKind,
): ResolvedEntry[] {
  return parent.entries.flatMap((entry, place) => {
    const amount = amounts[place] ?? 0n;
    if (amount === 0n) return [];
    const account = book.accounts.get(entry.accountId);
    const currency = book.currency(entry.currency);
    if (!account) throw new Error(`the account ${entry.accountId} of ${parent.id} was not read`);
    if (!currency) throw new Problem(UNKNOWN_CURRENCY, `${entry.currency} is not known.`);
    const balance = balanceKey(account.id, currency.code);
    return [{ account, currency, balance, direction: entry.direction, amount, kind }];
  });
}
