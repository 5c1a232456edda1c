import { formatAmount } from '../../../common/money/amount';
import { type AccountType, type ChartAccount, type ChartCurrency, type RecordedTransaction } from '../../transactions';
import { dayOf } from './day';

/**
 * The journal format of hledger, which Ledger reads too.
 * Source: https://hledger.org/hledger.html#journal
 */
const TYPE_TAG: Readonly<Record<AccountType, string>> = {
  asset: 'A',
  liability: 'L',
  equity: 'E',
  revenue: 'R',
  expense: 'X',
};

/** Says how many decimals a commodity has, and that the point is the decimal mark. */
export function commodityDirective({ code, scale }: ChartCurrency): string {
  const sample = formatAmount(1000n * 10n ** BigInt(scale), scale);
  return `commodity ${scale === 0 ? `${sample}.` : sample} ${symbolOf(code)}\n`;
}

export function accountDirective({ code, type }: ChartAccount): string {
  return `account ${code}  ; type:${TYPE_TAG[type]}\n`;
}

/** Its code is the ledger's sequence, so that nothing in the description is taken for a status or a code. */
export function journalOf({ id, sequence, effectiveAt, description, entries }: RecordedTransaction): string {
  const postings = entries.map(({ account, currency, direction, amount, scale }) => {
    const signed = formatAmount(direction === 'debit' ? amount : -amount, scale);
    return `    ${account}  ${signed} ${symbolOf(currency)}\n`;
  });
  const text = plain(description ?? '');
  return `\n${dayOf(effectiveAt)} (${sequence})${text === '' ? '' : ` ${text}`}  ; id:${id}\n${postings.join('')}`;
}

/** A symbol with anything but letters in it is quoted. */
const symbolOf = (code: string): string => (/^[A-Z]+$/.test(code) ? code : `"${code}"`);

/** One line without what means something in a journal: `;` begins a comment, `|` ends the payee. */
function plain(description: string): string {
  return description
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(';', ',')
    .replaceAll('|', '/')
    .trim();
}
