import { formatAmount } from '../../../common/money/amount';
import { harmlessCell } from '../../../common/text/spreadsheet-cell';
import { type RecordedTransaction } from '../../transactions';
import { COLUMNS } from './columns';
import { dayOf } from './day';

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`;

/**
 * A transaction as rows that an import takes (RFC 4180). Its number is the ledger's sequence.
 * @param raw texts as they are; otherwise none is calculated by a spreadsheet
 */
export function csvOf({ sequence, effectiveAt, description, entries }: RecordedTransaction, raw = false): string {
  const field = (text: string) => quoted(raw ? text : harmlessCell(text));
  const head = `${sequence},${dayOf(effectiveAt)},${field(description ?? '')}`;
  return entries
    .map(({ account, currency, direction, amount, scale }) => {
      const signed = formatAmount(direction === 'debit' ? amount : -amount, scale);
      return `${head},${field(account)},${currency},${signed}\r\n`;
    })
    .join('');
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$|^\ufeff/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
