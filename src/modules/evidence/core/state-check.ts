import { type EntryKind, movesPosted, type RecordedEntry, type TransactionKind } from '../../transactions';
import { type Findings, type Rule } from './findings';
import { type EntryRow, type LedgerRow, placeKey, type StateRow } from './ledger-row';

/**
 * What is left of a hold or an original against the captures, voids, expiries and reversals of it: nothing was taken
 * twice or beyond it, and its state says what they left (REL-06, REL-07).
 */
export function checkState(row: LedgerRow, findings: Findings): void {
  const wrong = (rule: Rule, detail: string) => {
    findings.add(rule, `transaction ${row.id}`, `sequence ${row.sequence}: ${detail}`);
  };
  if (row.kind === 'hold')
    checkHold(row, (detail) => {
      wrong('hold', detail);
    });
  else if (row.hold) wrong('hold', `a ${row.kind} has the state of a hold`);
  if (row.kind === 'posting' || row.kind === 'capture')
    checkReversal(row, (detail) => {
      wrong('reversal', detail);
    });
  else if (row.reversal) wrong('reversal', `a ${row.kind} has a state of reversals`);
}

type Wrong = (detail: string) => void;
type Counts = (entry: EntryRow) => boolean;

function checkHold({ entries, hold, parts }: LedgerRow, wrong: Wrong): void {
  if (!hold) {
    wrong('it has no state');
    return;
  }
  checkRest(
    entries,
    () => true,
    hold,
    (key) => taken(parts.sums, 'released', key),
    'released',
    wrong,
  );
  for (const [key, amount] of sumsOf(entries, () => true)) {
    const captured = taken(parts.sums, 'captured', key);
    if (captured > amount) wrong(`${captured} were captured of ${amount}`);
  }
  const ends = { voided: parts.children.get('void') ?? 0, expired: parts.children.get('expiry') ?? 0 };
  if (ends.voided + ends.expired > 1) wrong('it ended more than once');
  const open = hold.remaining.some((left) => left > 0n);
  const status = ends.voided > 0 ? 'voided' : ends.expired > 0 ? 'expired' : open ? 'pending' : 'posted';
  if (hold.status !== status) wrong(`its state is ${hold.status}; what became of it says ${status}`);
  onlyChildren(parts.children, ['capture', 'void', 'expiry'], wrong);
}

function checkReversal({ entries, reversal, parts, kind }: LedgerRow, wrong: Wrong): void {
  onlyChildren(parts.children, ['reversal'], wrong);
  // what a capture released is no part of what can be reversed
  const counts: Counts = (entry) => movesPosted(entry.kind);
  const reversed = (key: string) => taken(parts.sums, 'reversed', turned(key));
  for (const [key, amount] of sumsOf(entries, counts))
    if (reversed(key) > amount) wrong(`${reversed(key)} were reversed of ${amount}`);
  if (reversal) {
    checkRest(entries, counts, reversal, reversed, 'reversed', wrong);
    const status = reversal.remaining.some((left) => left > 0n) ? 'posted' : 'reversed';
    if (reversal.status !== status) wrong(`its state is ${reversal.status}; what remains says ${status}`);
  } else if (parts.children.has('reversal')) wrong(`the ${kind} was reversed and has no state that says so`);
}

/** Per account, currency and side: all of it = what is left + what was taken. */
function checkRest(
  entries: readonly EntryRow[],
  counts: Counts,
  state: StateRow,
  takenOf: (key: string) => bigint,
  how: string,
  wrong: Wrong,
): void {
  if (!state.fits) wrong('its state names another ledger or sequence');
  if (state.remaining.length !== entries.length) {
    wrong(`its state has ${state.remaining.length} amounts for ${entries.length} entries`);
    return;
  }
  const left = new Map<string, bigint>();
  for (const [place, entry] of entries.entries()) {
    const rest = state.remaining[place] ?? 0n;
    const most = counts(entry) ? entry.amount : 0n;
    if (rest < 0n || rest > most) wrong(`${rest} remain of entry ${place}, which has ${most}`);
    left.set(placeKey(entry), (left.get(placeKey(entry)) ?? 0n) + rest);
  }
  for (const [key, amount] of sumsOf(entries, counts)) {
    const [rest, gone] = [left.get(key) ?? 0n, takenOf(key)];
    if (amount - rest !== gone) wrong(`of ${amount}, ${rest} remain and ${gone} were ${how}`);
  }
}

function sumsOf(entries: readonly EntryRow[], counts: Counts): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const entry of entries)
    if (counts(entry)) sums.set(placeKey(entry), (sums.get(placeKey(entry)) ?? 0n) + entry.amount);
  return sums;
}

const taken = (sums: ReadonlyMap<string, bigint>, kind: EntryKind, key: string) => sums.get(`${kind} ${key}`) ?? 0n;

/** A reversal's entries have debit and credit changed over. */
function turned(key: string): string {
  const [accountId = '', currency = '', direction] = key.split(' ');
  const other: RecordedEntry['direction'] = direction === 'debit' ? 'credit' : 'debit';
  return placeKey({ accountId, currency, direction: other });
}

function onlyChildren(children: ReadonlyMap<TransactionKind, number>, kinds: TransactionKind[], wrong: Wrong): void {
  for (const kind of children.keys()) if (!kinds.includes(kind)) wrong(`a ${kind} refers to it`);
}
