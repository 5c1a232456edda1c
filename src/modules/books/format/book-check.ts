import { hash } from 'node:crypto';
import { AmountError, parseSignedAmount } from '../../../common/money/amount';
import { CUSTOM_CURRENCY_CODE, isoCurrency, MAX_SCALE } from '../../../common/money/currency';
import { type ProblemItem } from '../../../common/problems/problem';
import { parseDate } from '../../../common/time/instant';
import { ACCOUNT_CODE, type AccountType, accountTypeOf, ENTRIES_MAX } from '../../transactions';
import { ACCOUNT_TYPE_RULE } from './account-type';
import { type BookRow, type Column } from './columns';
import { type Dialect, OWN_DIALECT } from './dialect';
import { type FileTransaction } from './file-transaction';

/** Errors that are listed; the others are counted. */
export const ERRORS_LISTED = 100;
const DESCRIPTION_MAX = 1_000;
/** Characters of a transaction's id that is a text. */
const ID_MAX = 200;
const NUMBER = /^[1-9][0-9]{0,14}$/;
const DIGITS_MAX = 38;

/** What the ledger says about an account of the file. */
export interface KnownAccount {
  readonly open: boolean;
  /** Null: any. */
  readonly currencies: readonly string[] | null;
}

/** A currency of the file that has to be made. */
interface NewCurrency {
  scale: number;
  /** Most digits before the point, and where. */
  wholeDigits: number;
  line: number;
}

/**
 * Checks a book, one transaction after the other, against what the ledger has: everything that the posting engine would
 * refuse, so that a file is posted as a whole or not at all. It remembers the accounts and currencies of the file, and
 * of its transactions the last number.
 */
export class BookCheck {
  readonly errors: ProblemItem[] = [];
  errorCount = 0;
  rowCount = 0;
  transactionCount = 0;
  /** Undefined: the ledger has none with this code. */
  readonly accounts = new Map<string, KnownAccount | undefined>();
  /** Scales of the tenant's currencies. Undefined: it has none with this code. */
  readonly scales = new Map<string, number | undefined>();
  private readonly fresh = new Map<string, NewCurrency>();
  private lastNumber = 0;
  /** Of transactions whose ids are texts. */
  private readonly ids = new Set<string>();

  constructor(private readonly dialect: Pick<Dialect, 'accountTypes' | 'transactionIds'> = OWN_DIALECT) {}

  /** Currencies that are to be made, with the most decimals that the file has for them. */
  get newCurrencies(): ReadonlyMap<string, { readonly scale: number }> {
    return this.fresh;
  }

  get newAccounts(): string[] {
    return [...this.accounts].filter(([, known]) => !known).map(([code]) => code);
  }

  report(line: number, column: Column | undefined, detail: string): void {
    this.errorCount += 1;
    if (this.errors.length >= ERRORS_LISTED) return;
    this.errors.push({ pointer: column === undefined ? `line ${line}` : `line ${line}, column ${column}`, detail });
  }

  /** `accounts` and `scales` have the transaction's codes by now. */
  check(transaction: FileTransaction): void {
    const { line, rows, rowCount } = transaction;
    this.transactionCount += 1;
    this.rowCount += rowCount;
    if (this.dialect.transactionIds === 'text') this.checkId(transaction);
    else this.checkNumber(transaction);
    this.checkHead(rows);
    if (rowCount < 2) this.report(line, undefined, 'a transaction has two rows or more');
    if (rowCount > ENTRIES_MAX)
      this.report(line, undefined, `a transaction has at most ${ENTRIES_MAX} rows; this one has ${rowCount}`);
    const sums = new Map<string, bigint>();
    let whole = rowCount === rows.length;
    for (const row of rows) {
      for (const { column, detail } of row.defects ?? []) this.report(row.line, column, detail);
      this.checkAccount(row);
      const amount = this.amountOf(row);
      if (amount === undefined) whole = false;
      else sums.set(row.fields.currency, (sums.get(row.fields.currency) ?? 0n) + amount);
    }
    if (!whole) return;
    for (const [currency, sum] of sums)
      if (sum !== 0n)
        this.report(
          line,
          undefined,
          `transaction ${transaction.number} does not sum to zero in ${currency}: ${show(sum)} is left`,
        );
  }

  /** After the last transaction. */
  end(): void {
    if (this.transactionCount === 0 && this.errorCount === 0) this.report(2, undefined, 'the file has no transaction');
    for (const [code, { scale, wholeDigits, line }] of this.fresh)
      if (wholeDigits + scale > DIGITS_MAX)
        this.report(
          line,
          'amount',
          `${code} would have ${scale} decimals, and then this has more than ${DIGITS_MAX} digits`,
        );
  }

  private checkId({ number: id, line }: FileTransaction): void {
    if (id.trim() === '' || id.length > ID_MAX || /\p{Cc}/u.test(id)) {
      this.report(line, 'transaction', `must have 1 to ${ID_MAX} characters, and no control characters`);
      return;
    }
    const digest = hash('sha256', id, 'base64');
    if (this.ids.has(digest))
      this.report(line, 'transaction', 'was there before: rows of one transaction stand together');
    this.ids.add(digest);
  }

  private checkNumber({ number, line }: FileTransaction): void {
    if (!NUMBER.test(number)) {
      this.report(line, 'transaction', 'must be a whole number from 1 up, without leading zeros, of at most 15 digits');
      return;
    }
    if (Number(number) <= this.lastNumber)
      this.report(
        line,
        'transaction',
        `must be above ${this.lastNumber}: rows of one transaction stand together, and the numbers ascend`,
      );
    this.lastNumber = Math.max(this.lastNumber, Number(number));
  }

  private checkHead(rows: readonly BookRow[]): void {
    const [first] = rows;
    if (!first) return;
    const { date, description } = first.fields;
    if (!isDefective(first, 'date') && !parseDate(date))
      this.report(first.line, 'date', 'must be a day such as 2026-11-21');
    if (description.length > DESCRIPTION_MAX)
      this.report(first.line, 'description', `must have at most ${DESCRIPTION_MAX} characters`);
    if (description.includes('\0')) this.report(first.line, 'description', 'must have no NUL character');
    for (const { line, fields } of rows) {
      if (fields.date !== date)
        this.report(
          line,
          'date',
          `must be ${date.slice(0, 20)}, as in line ${first.line}: the transaction is the same`,
        );
      if (fields.description !== description)
        this.report(line, 'description', `must be as in line ${first.line}: the transaction is the same`);
    }
  }

  private checkAccount({ line, fields: { account, currency } }: BookRow): void {
    if (!ACCOUNT_CODE.test(account)) {
      this.report(line, 'account', 'must be segments of letters, digits and _ . - with colons between');
      return;
    }
    const known = this.accounts.get(account);
    if (!known) {
      if (!typeOfNew(account, this.dialect))
        this.report(line, 'account', `must be an account of the ledger, or ${ACCOUNT_TYPE_RULE}`);
      return;
    }
    if (!known.open) this.report(line, 'account', 'is closed');
    if (known.currencies && !known.currencies.includes(currency))
      this.report(line, 'currency', `${account} takes ${known.currencies.join(', ')} only`);
  }

  /** In units of 10^-18, whatever the currency; undefined when it was reported. */
  private amountOf(row: BookRow): bigint | undefined {
    const { line, fields } = row;
    const { currency, amount } = fields;
    if (isDefective(row, 'amount')) return undefined;
    if (!CUSTOM_CURRENCY_CODE.test(currency)) {
      this.report(line, 'currency', 'must be a code of 2 to 16 of A-Z, 0-9 and the dot');
      return undefined;
    }
    const scale = this.scales.get(currency) ?? isoCurrency(currency)?.scale;
    const decimals = amount.split('.')[1]?.length ?? 0;
    try {
      const minor = parseSignedAmount(amount, scale ?? Math.min(decimals, MAX_SCALE));
      if (minor === 0n) {
        this.report(line, 'amount', 'must not be zero');
        return undefined;
      }
      if (scale === undefined) this.learn(currency, amount, decimals, line);
      return minor * 10n ** BigInt(MAX_SCALE - (scale ?? decimals));
    } catch (error) {
      if (!(error instanceof AmountError)) throw error;
      this.report(line, 'amount', amountAdvice(error, currency, scale ?? MAX_SCALE));
      return undefined;
    }
  }

  private learn(code: string, amount: string, decimals: number, line: number): void {
    const seen = this.fresh.get(code) ?? { scale: 0, wholeDigits: 0, line };
    const wholeDigits = amount.replace('-', '').split('.')[0]?.length ?? 0;
    seen.scale = Math.max(seen.scale, decimals);
    if (wholeDigits > seen.wholeDigits) Object.assign(seen, { wholeDigits, line });
    this.fresh.set(code, seen);
  }
}

/** The type of an account that is not there yet; undefined: nothing says it. */
export function typeOfNew(code: string, { accountTypes }: Pick<Dialect, 'accountTypes'>): AccountType | undefined {
  const first = (code.split(':', 1)[0] ?? '').toLowerCase();
  return Object.hasOwn(accountTypes, first) ? accountTypes[first] : accountTypeOf(code);
}

/** It was reported already what is wrong with it. */
const isDefective = ({ defects }: BookRow, column: Column): boolean =>
  defects?.some((defect) => defect.column === column) ?? false;

function amountAdvice({ reason }: AmountError, currency: string, scale: number): string {
  switch (reason) {
    case 'precision':
      return `must have at most ${scale} decimals: ${currency} has no more, and amounts are never rounded`;
    case 'range':
      return `must have at most ${DIGITS_MAX} digits, those after the point included`;
    case 'syntax':
      return 'must be a decimal such as 1234.50 (debit) or -1234.50 (credit), without separators';
  }
}

/** Units of 10^-18 as a decimal without needless zeros. */
function show(sum: bigint): string {
  const digits = (sum < 0n ? -sum : sum).toString().padStart(MAX_SCALE + 1, '0');
  const fraction = digits.slice(-MAX_SCALE).replace(/0+$/, '');
  return `${sum < 0n ? '-' : ''}${digits.slice(0, -MAX_SCALE)}${fraction === '' ? '' : `.${fraction}`}`;
}
