import { formatAmount } from '../../../common/money/amount';
import { type RecordedTransaction } from '../../transactions';
import { COLUMNS } from './columns';
import { dayOf } from './day';

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`;

/** A transaction as rows that an import takes (RFC 4180). Its number is the ledger's sequence. */
export function csvOf({ sequence, effectiveAt, description, entries }: RecordedTransaction): string {
  const head = `${sequence},${dayOf(effectiveAt)},${field(description ?? '')}`;
  return entries
    .map(({ account, currency, direction, amount, scale }) => {
      const signed = formatAmount(direction === 'debit' ? amount : -amount, scale);
      return `${head},${field(account)},${currency},${signed}\r\n`;
    })
    .join('');
}

function field(text: string): string {
  return /[",\r\n]|^\s|\s$|^\ufeff/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
