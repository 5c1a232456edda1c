import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../common/crypto/canonical-json';
import { type RecordedTransaction } from './recorded';

/** What the first transaction of a ledger follows on. */
export const FIRST_HASH: Buffer = Buffer.alloc(32);

/**
 * The one text that stands for a transaction. JSON without spaces, of strings only, so that any language can write it;
 * amounts are minor units. A change of the form gets a new name in its first field. docs/guides/tamper-evidence.md
 */
export function canonicalTransaction(transaction: Omit<RecordedTransaction, 'hash'>): string {
  return JSON.stringify([
    'daybook.transaction.1',
    transaction.ledgerId,
    transaction.sequence.toString(),
    transaction.id,
    transaction.kind,
    transaction.parentId,
    transaction.templateId,
    transaction.reference,
    transaction.description,
    transaction.effectiveAt.toISOString(),
    transaction.createdAt.toISOString(),
    transaction.createdBy,
    transaction.expiresAt?.toISOString() ?? null,
    canonicalJson(transaction.metadata),
    transaction.entries.map((entry) => [
      entry.accountId,
      entry.account,
      entry.currency,
      entry.direction,
      entry.kind,
      entry.amount.toString(),
      entry.version.toString(),
      entry.balanceAfter.toString(),
    ]),
  ]);
}

/** SHA-256 over the hash before and the canonical transaction: no row can change without all that follow. */
export function transactionHash(previous: Buffer, transaction: Omit<RecordedTransaction, 'hash'>): Buffer {
  return createHash('sha256').update(previous).update(canonicalTransaction(transaction)).digest();
}
