import { type EntryKind, type TransactionKind } from '../../transactions';
import { type Findings } from './findings';
import { type LedgerRow } from './ledger-row';

const ENTRIES_OF: Readonly<Record<TransactionKind, readonly EntryKind[]>> = {
  posting: ['posted'],
  hold: ['held'],
  capture: ['captured', 'released'],
  void: ['released'],
  expiry: ['released'],
  reversal: ['reversed'],
};
const PARENTS_OF: Readonly<Record<TransactionKind, readonly TransactionKind[]>> = {
  posting: [],
  hold: [],
  capture: ['hold'],
  void: ['hold'],
  expiry: ['hold'],
  reversal: ['posting', 'capture'],
};

/** One transaction by itself: its hash, its entries, that it balances, what it is a part of (REL-01, REL-08, REL-13). */
export function checkTransaction(row: LedgerRow, expectedHash: string | undefined, findings: Findings): void {
  const object = `transaction ${row.id}`;
  const at = `sequence ${row.sequence}`;
  if (expectedHash !== undefined && !(row.wholeTimes && row.hash === expectedHash))
    findings.add('hash', object, `${at}: the row, or the one before it, is not what was recorded`);
  if (row.entries.length !== row.entryCount || row.entries.some(({ position }, place) => position !== place))
    findings.add('entries', object, `${at}: has ${row.entries.length} entries instead of ${row.entryCount}`);
  for (const { position, kind, account, scale, fits } of row.entries) {
    if (!ENTRIES_OF[row.kind].includes(kind))
      findings.add('entries', object, `${at}: entry ${position} is ${kind}, which a ${row.kind} has not`);
    if (account === null) findings.add('entries', object, `${at}: the account of entry ${position} is gone`);
    else if (!fits) findings.add('entries', object, `${at}: entry ${position} is of another ledger or time`);
    if (scale === null) findings.add('currency', object, `${at}: the currency of entry ${position} is gone`);
  }
  checkZeroSum(row, findings);
  checkParent(row, findings);
}

function checkZeroSum(row: LedgerRow, findings: Findings): void {
  const sums = new Map<string, bigint>();
  for (const { currency, kind, direction, amount } of row.entries) {
    const key = `${currency} ${kind}`;
    sums.set(key, (sums.get(key) ?? 0n) + (direction === 'debit' ? amount : -amount));
  }
  for (const [key, sum] of sums)
    if (sum !== 0n)
      findings.add('zero-sum', `transaction ${row.id}`, `sequence ${row.sequence}: ${key} sums to ${sum} minor units`);
}

function checkParent({ id, kind, sequence, parentId, parent }: LedgerRow, findings: Findings): void {
  const kinds = PARENTS_OF[kind];
  const fits =
    kinds.length === 0
      ? parentId === null
      : parent !== null && kinds.includes(parent.kind) && parent.sameLedger && parent.sequence < sequence;
  if (fits) return;
  const found = parent ? `a ${parent.kind} with sequence ${parent.sequence}` : 'nothing';
  findings.add(
    'parent',
    `transaction ${id}`,
    `sequence ${sequence}: a ${kind} of ${parentId ?? '-'}, which is ${found}`,
  );
}
