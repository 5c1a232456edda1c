import { hash } from 'node:crypto';
import { canonicalJson } from '../../../common/crypto/canonical-json';
import { type RecordedEntry, type RecordedTransaction } from './recorded';

/** What the first transaction of a ledger follows on: 64 zeros. */
export const FIRST_HASH = '0'.repeat(64);

/**
 * The one text that stands for a transaction: JSON without spaces, of strings, so that any language can write it;
 * amounts are minor units. It is put together by hand, as that costs a third of JSON.stringify: a test compares them.
 * A change of the form gets a new name in its first field. docs/guides/tamper-evidence.md
 */
export function canonicalTransaction(transaction: Omit<RecordedTransaction, 'hash'>): string {
  const { ledgerId, sequence, id, kind, parentId, templateId, createdBy, metadata, entries } = transaction;
  let legs = '';
  for (const entry of entries) legs += legs === '' ? canonicalEntry(entry) : `,${canonicalEntry(entry)}`;
  return (
    `["daybook.transaction.1","${ledgerId}","${sequence}","${id}","${kind}",${quoted(parentId)},${quoted(templateId)},` +
    `${quoted(transaction.reference)},${quoted(transaction.description)},"${textOf(transaction.effectiveAt)}",` +
    `"${textOf(transaction.createdAt)}","${createdBy}",${transaction.expiresAt ? `"${textOf(transaction.expiresAt)}"` : 'null'},` +
    `${JSON.stringify(canonicalJson(metadata))},[${legs}]]`
  );
}

function canonicalEntry({
  accountId,
  account,
  currency,
  direction,
  kind,
  amount,
  version,
  balanceAfter,
}: RecordedEntry): string {
  return `["${accountId}",${quoted(account)},"${currency}","${direction}","${kind}","${amount}","${version}","${balanceAfter}"]`;
}

/**
 * SHA-256, hexadecimal, over the hash before (hexadecimal) and the canonical transaction: no row can change without all
 * that follow.
 */
export function transactionHash(previous: string, transaction: Omit<RecordedTransaction, 'hash'>): string {
  return hash('sha256', previous + canonicalTransaction(transaction), 'hex');
}

/** Text without anything that JSON would escape needs no look at each character again. */
const PLAIN = /^[A-Za-z0-9 :._-]*$/;
const quoted = (text: string | null): string =>
  text === null ? 'null' : PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);

let last: { readonly time: number; readonly text: string } = { time: 0, text: new Date(0).toISOString() };

/** Transactions of a batch have the same times. */
function textOf(date: Date): string {
  const time = date.getTime();
  if (time !== last.time) last = { time, text: date.toISOString() };
  return last.text;
}
