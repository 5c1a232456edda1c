import { type Currency } from '../../../common/money/currency';
import { AmountError, parseAmount, parseSignedAmount } from '../../../common/money/amount';
import { Problem } from '../../../common/problems/problem';
import {
  ACCOUNT_CLOSED,
  ACCOUNT_FROZEN,
  AMOUNT_OUT_OF_RANGE,
  AMOUNT_PRECISION,
  CURRENCY_NOT_ALLOWED,
  UNBALANCED,
  UNKNOWN_ACCOUNT,
  UNKNOWN_CURRENCY,
} from './refusals.errors';
import { type Direction } from './account';
import { type AccountState } from './account-state';
import { balanceKey } from './balance';
import { type Book, type ResolvedEntry } from './book';
import { type PostingEntry } from './orders';
import { type EntryKind } from './recorded';
import { entryRefused } from './refusal';

/**
 * Finds the account and the currency that an entry names and reads its amount.
 * @throws Problem of 422 that points at the entry
 */
export function resolveEntry(book: Book, entry: PostingEntry, index: number, kind: EntryKind): ResolvedEntry {
  const account = book.account(entry.account);
  if (!account)
    throw entryRefused(
      UNKNOWN_ACCOUNT,
      index,
      'account',
      `No account of this ledger has the id or code "${entry.account}".`,
    );
  assertMoves(account, entry.direction, index);
  const currency = book.currency(entry.currency);
  if (!currency)
    throw entryRefused(
      UNKNOWN_CURRENCY,
      index,
      'currency',
      `"${entry.currency}" is neither an ISO 4217 currency nor one of this tenant.`,
    );
  if (account.currencies && !account.currencies.includes(currency.code))
    throw entryRefused(
      CURRENCY_NOT_ALLOWED,
      index,
      'currency',
      `The account ${account.code} takes ${account.currencies.join(', ')} only.`,
    );
  return {
    account,
    currency,
    balance: balanceKey(account.id, currency.code),
    direction: entry.direction,
    amount: entryAmount(entry.amount, currency, index),
    kind,
  };
}

/** @throws Problem `account-closed`, `account-frozen` */
export function assertMoves(account: AccountState, direction: Direction, index: number): void {
  if (!account.open) throw entryRefused(ACCOUNT_CLOSED, index, 'account', `The account ${account.code} is closed.`);
  if (account.frozen === 'both' || account.frozen === direction)
    throw entryRefused(ACCOUNT_FROZEN, index, 'account', `The account ${account.code} is frozen for ${direction}s.`);
}

/** Above zero, in minor units. @throws Problem `amount-precision`, `amount-out-of-range` */
export function entryAmount(text: string, currency: Currency, index: number): bigint {
  const amount = amountOf(() => parseAmount(text, currency.scale), text, currency, index, 'amount');
  if (amount > 0n) return amount;
  throw entryRefused(AMOUNT_OUT_OF_RANGE, index, 'amount', 'An amount is a decimal string above zero.');
}

/** With a sign, in minor units. @throws Problem `amount-precision`, `amount-out-of-range` */
export function signedAmount(text: string, currency: Currency, index: number, field: string): bigint {
  return amountOf(() => parseSignedAmount(text, currency.scale), text, currency, index, field);
}

function amountOf(parse: () => bigint, text: string, currency: Currency, index: number, field: string): bigint {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    if (error.reason === 'precision')
      throw entryRefused(
        AMOUNT_PRECISION,
        index,
        field,
        `${currency.code} has ${currency.scale} decimals; "${text}" has more. Amounts are never rounded.`,
      );
    const detail =
      error.reason === 'range'
        ? 'An amount has at most 38 digits in minor units.'
        : 'An amount is a decimal string above zero.';
    throw entryRefused(AMOUNT_OUT_OF_RANGE, index, field, detail);
  }
}

/** @throws Problem `unbalanced` */
export function assertBalanced(
  entries: readonly { readonly currency: string; readonly direction: Direction; readonly amount: bigint }[],
): void {
  const sums = new Map<string, bigint>();
  for (const { currency, direction, amount } of entries)
    sums.set(currency, (sums.get(currency) ?? 0n) + (direction === 'debit' ? amount : -amount));
  const off = [...sums].filter(([, sum]) => sum !== 0n).map(([code]) => code);
  if (off.length === 0) return;
  throw new Problem(UNBALANCED, `Debits and credits differ in ${off.join(', ')}.`, {
    errors: [{ pointer: '/entries', detail: `must sum to zero per currency; ${off.join(', ')} does not` }],
  });
}
