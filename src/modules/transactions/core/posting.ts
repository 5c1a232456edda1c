import { formatAmount } from '../../../common/money/amount';
import { CONDITION_FAILED, EXPIRY_PASSED } from './refusals.errors';
import { availableAmount } from './balance';
import { type Book, type ResolvedEntry } from './book';
import { assertBalanced, resolveEntry, signedAmount } from './entries';
import { assertBalanceLimits, assertRange, assertVelocity, type Effect, effectsOf } from './limit-check';
import { type Posting } from './orders';
import { type RecordedTransaction } from './recorded';
import { assertReferenceIsFree, entryRefused, fieldRefused } from './refusal';

/**
 * Moves amounts, or reserves them where the posting is pending.
 * @throws Problem of 422 that says which entry is wrong and why; then nothing has changed
 */
export function post(book: Book, posting: Posting): RecordedTransaction {
  const kind = posting.pending ? 'held' : 'posted';
  const entries = posting.entries.map((entry, index) => resolveEntry(book, entry, index, kind));
  assertBalanced(entries.map(({ currency, direction, amount }) => ({ currency: currency.code, direction, amount })));
  assertReferenceIsFree(book, posting.reference);
  const { expiresAt, effectiveAt = book.now } = posting;
  if (expiresAt && expiresAt <= book.now)
    throw fieldRefused(EXPIRY_PASSED, '/expiresAt', 'The hold would have expired already.');
  if (expiresAt && expiresAt <= effectiveAt)
    throw fieldRefused(EXPIRY_PASSED, '/expiresAt', 'The hold would expire before it is effective.');
  const effects = effectsOf(book, entries);
  assertRange(book, effects, entries);
  assertConditions(book, posting, entries, effects);
  assertBalanceLimits(book, effects);
  const velocity = assertVelocity(book, entries);

  for (const { key, amount, count } of velocity) book.useVelocity(key, amount, count);
  const transaction = book.record(
    {
      id: posting.id,
      kind: posting.pending ? 'hold' : 'posting',
      parentId: null,
      templateId: posting.templateId,
      reference: posting.reference,
      description: posting.description,
      effectiveAt,
      createdBy: posting.createdBy,
      expiresAt,
      metadata: posting.metadata,
    },
    entries,
  );
  if (posting.pending) book.addHold(transaction);
  return transaction;
}

/** @throws Problem `condition-failed` */
function assertConditions(
  book: Book,
  posting: Posting,
  entries: readonly ResolvedEntry[],
  effects: ReadonlyMap<string, Effect>,
): void {
  for (const [index, { ifVersion, ifAvailableAtLeast, ifAvailableAtMost }] of posting.entries.entries()) {
    if (ifVersion === undefined && ifAvailableAtLeast === undefined && ifAvailableAtMost === undefined) continue;
    const balance = entries[index]?.balance;
    const effect = balance === undefined ? undefined : effects.get(balance);
    if (balance === undefined || !effect) throw new Error('an entry has no effect');
    const { currency } = effect;
    if (ifVersion !== undefined) {
      const { version } = book.sumsOf(balance);
      if (version !== BigInt(ifVersion))
        throw entryRefused(CONDITION_FAILED, index, 'ifVersion', `The balance is at version ${version}.`);
    }
    const available = availableAmount(effect.after, effect.account.normalBalance);
    const would = `The available balance would be ${formatAmount(available, currency.scale)} ${currency.code}.`;
    if (
      ifAvailableAtLeast !== undefined &&
      available < signedAmount(ifAvailableAtLeast, currency, index, 'ifAvailableAtLeast')
    )
      throw entryRefused(CONDITION_FAILED, index, 'ifAvailableAtLeast', would);
    if (
      ifAvailableAtMost !== undefined &&
      available > signedAmount(ifAvailableAtMost, currency, index, 'ifAvailableAtMost')
    )
      throw entryRefused(CONDITION_FAILED, index, 'ifAvailableAtMost', would);
  }
}
