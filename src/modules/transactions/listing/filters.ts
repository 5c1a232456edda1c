import { VALIDATION_FAILED } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { AmountError, MAX_MINOR_UNITS, parseAmount } from '../../../common/money/amount';
import { parseInstant } from '../../../common/time/instant';
import { type TransactionKind } from '../core/recorded';
import { type TransactionFilterQuery } from './transaction-query.dto';
import { type TransactionStatus } from '../engine/replay';

/** Names of the filters, as queries and cursors have them. */
export const FILTERS = [
  'reference',
  'referencePrefix',
  'account',
  'accountPrefix',
  'currency',
  'kind',
  'status',
  'amountFrom',
  'amountTo',
  'effectiveFrom',
  'effectiveTo',
  'createdFrom',
  'createdTo',
  'metadataKey',
  'metadataValue',
] as const satisfies readonly (keyof TransactionFilterQuery)[];

export type FilterTexts = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>;

/** What a list is narrowed to, read from the texts that a query or a cursor has. */
export interface TransactionFilters {
  readonly reference?: string;
  readonly referencePrefix?: string;
  /** Met by one and the same entry. */
  readonly entry?: { readonly account?: string; readonly accountPrefix?: string; readonly currency?: string };
  readonly kind?: TransactionKind;
  readonly status?: TransactionStatus;
  /** Minor units of a debit, both inclusive. */
  readonly amount?: { readonly currency: string; readonly from: bigint; readonly to: bigint };
  readonly effective?: { readonly from?: Date; readonly to?: Date };
  readonly created?: { readonly from?: Date; readonly to?: Date };
  readonly metadata?: { readonly key: string; readonly value: string };
}

/**
 * @param scale of the currency that they name, undefined where there is no such currency
 * @throws Problem `validation-failed`
 */
export function readFilters(texts: FilterTexts, scale: number | undefined): TransactionFilters {
  const { reference, referencePrefix, account, accountPrefix, currency, kind, status } = texts;
  const amount = readAmount(texts, scale);
  const metadata = readMetadata(texts);
  const effective = readRange(texts.effectiveFrom, texts.effectiveTo);
  const created = readRange(texts.createdFrom, texts.createdTo);
  // an amount is of its currency already; without an account nothing else is asked of an entry
  const asksEntry = account !== undefined || accountPrefix !== undefined || (currency !== undefined && !amount);
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(referencePrefix === undefined ? {} : { referencePrefix }),
    ...(asksEntry
      ? {
          entry: {
            ...(account === undefined ? {} : { account }),
            ...(accountPrefix === undefined ? {} : { accountPrefix }),
            ...(currency === undefined ? {} : { currency }),
          },
        }
      : {}),
    ...(kind === undefined ? {} : { kind: kind as TransactionKind }),
    ...(status === undefined ? {} : { status: status as TransactionStatus }),
    ...(amount ? { amount } : {}),
    ...(effective ? { effective } : {}),
    ...(created ? { created } : {}),
    ...(metadata ? { metadata } : {}),
  };
}

function readAmount({ currency, amountFrom, amountTo }: FilterTexts, scale: number | undefined) {
  if (amountFrom === undefined && amountTo === undefined) return undefined;
  if (currency === undefined) throw invalid('?currency', 'must be given with an amount');
  if (scale === undefined) throw invalid('?currency', 'must be an ISO 4217 code or a currency of this tenant');
  return {
    currency,
    from: amountFrom === undefined ? 0n : amountOf('amountFrom', amountFrom, scale),
    to: amountTo === undefined ? MAX_MINOR_UNITS : amountOf('amountTo', amountTo, scale),
  };
}

function amountOf(name: string, text: string, scale: number): bigint {
  try {
    return parseAmount(text, scale);
  } catch (error) {
    if (error instanceof AmountError) throw invalid(`?${name}`, error.message);
    throw error;
  }
}

function readMetadata({ metadataKey: key, metadataValue: value }: FilterTexts) {
  if (key === undefined && value === undefined) return undefined;
  if (key === undefined) throw invalid('?metadataKey', 'must be given with metadataValue');
  if (value === undefined) throw invalid('?metadataValue', 'must be given with metadataKey');
  return { key, value };
}

function readRange(from: string | undefined, to: string | undefined) {
  const [first, end] = [parseInstant(from), parseInstant(to)];
  if (!first && !end) return undefined;
  return { ...(first ? { from: first } : {}), ...(end ? { to: end } : {}) };
}

function invalid(pointer: string, detail: string): Problem {
  return new Problem(VALIDATION_FAILED, 'The request is not valid; see errors.', { errors: [{ pointer, detail }] });
}
