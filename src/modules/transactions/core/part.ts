import { allocate, formatAmount } from '../../../common/money/amount';
import { Problem } from '../../../common/problems/problem';
import { EXCEEDS_REMAINING, SEVERAL_CURRENCIES, UNKNOWN_CURRENCY } from './refusals.errors';
import { type Book, type ParentState } from './book';
import { assertBalanced, entryAmount } from './entries';
import { type Part } from './orders';
import { entryRefused, fieldRefused } from './refusal';

/**
 * How much of each entry of a hold or an original a part takes, in minor units, in the order of its entries.
 * @throws Problem of 422 when that is more than is left, or not balanced
 */
export function takePart(book: Book, parent: ParentState, part: Part): bigint[] {
  switch (part.kind) {
    case 'whole':
      return [...parent.remaining];
    case 'amount':
      return takeAmount(book, parent, part.amount);
    case 'entries':
      return takeEntries(book, parent, part.entries);
  }
}

/** Over the entries of each side in proportion to what is left of them; the parts sum to the amount (REL-11). */
function takeAmount(book: Book, parent: ParentState, text: string): bigint[] {
  const codes = new Set(parent.entries.filter((_, i) => left(parent, i) > 0n).map(({ currency }) => currency));
  const [code] = codes;
  if (code === undefined || codes.size > 1)
    throw fieldRefused(SEVERAL_CURRENCIES, '/amount', 'It has several currencies: say which entries, not an amount.');
  const currency = book.currency(code);
  if (!currency) throw new Problem(UNKNOWN_CURRENCY, `${code} is not known.`);
  let amount: bigint;
  try {
    amount = entryAmount(text, currency, 0);
  } catch (error) {
    // the amount stands by itself here, not in an entry
    if (error instanceof Problem) throw fieldRefused(error.type, '/amount', error.detail);
    throw error;
  }
  const taken = parent.remaining.map(() => 0n);
  for (const side of ['debit', 'credit'] as const) {
    const places = parent.entries.flatMap(({ direction }, i) =>
      direction === side && left(parent, i) > 0n ? [i] : [],
    );
    const rest = places.reduce((sum, i) => sum + left(parent, i), 0n);
    if (amount > rest)
      throw fieldRefused(EXCEEDS_REMAINING, '/amount', `${formatAmount(rest, currency.scale)} ${code} is left.`);
    const shares = allocate(
      amount,
      places.map((i) => left(parent, i)),
    );
    places.forEach((place, i) => (taken[place] = shares[i] ?? 0n));
  }
  return taken;
}

function takeEntries(
  book: Book,
  parent: ParentState,
  entries: Extract<Part, { kind: 'entries' }>['entries'],
): bigint[] {
  const taken = parent.remaining.map(() => 0n);
  const resolved = entries.map((entry, index) => {
    const currency = book.currency(entry.currency);
    if (!currency)
      throw entryRefused(UNKNOWN_CURRENCY, index, 'currency', `"${entry.currency}" is not a currency of it.`);
    const amount = entryAmount(entry.amount, currency, index);
    let wanted = amount;
    for (const [place, own] of parent.entries.entries()) {
      if (own.direction !== entry.direction || own.currency !== entry.currency) continue;
      if (own.accountId !== entry.account.toLowerCase() && own.account !== entry.account) continue;
      const rest = left(parent, place) - (taken[place] ?? 0n);
      const share = wanted < rest ? wanted : rest;
      taken[place] = (taken[place] ?? 0n) + share;
      wanted -= share;
    }
    if (wanted > 0n)
      throw entryRefused(
        EXCEEDS_REMAINING,
        index,
        'amount',
        `${formatAmount(amount - wanted, currency.scale)} ${currency.code} is left of ${entry.direction}s of ${entry.account}.`,
      );
    return { currency: entry.currency, direction: entry.direction, amount };
  });
  assertBalanced(resolved);
  return taken;
}

const left = (parent: ParentState, place: number): bigint => parent.remaining[place] ?? 0n;
