/** Columns of a book as CSV, in the order in which exports write them. */
export const COLUMNS = ['transaction', 'date', 'description', 'account', 'currency', 'amount'] as const;
export type Column = (typeof COLUMNS)[number];

/** One row: one entry of a transaction. */
export interface BookRow {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  readonly fields: Readonly<Record<Column, string>>;
  /** Fields that are not what the file's dialect says; they are as they came. */
  readonly defects?: readonly { readonly column: Column; readonly detail: string }[];
}

/** A row that cannot be one. */
export interface DefectiveRow {
  readonly line: number;
  readonly defect: string;
}

/** The file cannot be read on from this line. */
export class UnreadableBook extends Error {
  constructor(
    readonly line: number,
    readonly detail: string,
  ) {
    super(`line ${line}: ${detail}`);
    this.name = 'UnreadableBook';
  }
}
