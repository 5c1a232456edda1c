/**
 * Spreadsheets calculate a cell that begins with one of these, wherever the file came from (CWE-1236). Apostrophes
 * before it count, so that what was made harmless can be told from what looked like it before.
 */
const CALCULATED = /^'*[=+\-@\t\r]/;
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/;

/** A text as a cell that is shown and not calculated: an apostrophe before it says so. Numbers stay as they are. */
export function harmlessCell(text: string): string {
  return CALCULATED.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

/** The text that {@link harmlessCell} was given. */
export function cellText(cell: string): string {
  return cell.startsWith("'") && CALCULATED.test(cell) ? cell.slice(1) : cell;
}
