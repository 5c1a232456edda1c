import { type BookRow } from './columns';

/** Rows that follow each other and have the same value in the column `transaction`. */
export interface FileTransaction {
  readonly number: string;
  readonly line: number;
  /** At most `ROWS_KEPT` of them. */
  readonly rows: readonly BookRow[];
  readonly rowCount: number;
}

/** Rows of one transaction that are held in memory: one more than a transaction may have. */
const ROWS_KEPT = 1_001;

/** Puts rows together into transactions; holds one transaction at a time. */
export class TransactionGrouping {
  private rows: BookRow[] = [];
  private rowCount = 0;

  /** @returns the transaction that ended with the row before this one, if one did */
  add(row: BookRow): FileTransaction | undefined {
    const ended = this.rows[0] && this.rows[0].fields.transaction !== row.fields.transaction ? this.end() : undefined;
    if (this.rows.length < ROWS_KEPT) this.rows.push(row);
    this.rowCount += 1;
    return ended;
  }

  /** @returns the transaction in hand, if any */
  end(): FileTransaction | undefined {
    const [first] = this.rows;
    if (!first) return undefined;
    const transaction = {
      number: first.fields.transaction,
      line: first.line,
      rows: this.rows,
      rowCount: this.rowCount,
    };
    this.rows = [];
    this.rowCount = 0;
    return transaction;
  }
}
