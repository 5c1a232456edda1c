/** Parameters of a statement, numbered as they are named. */
export class Values {
  readonly list: unknown[] = [];

  /** The placeholder of a value, such as `$3::bigint`. */
  add(value: unknown, type: string): string {
    return `$${this.list.push(value)}::${type}`;
  }
}

/** The texts that begin with a prefix, as a range: it uses the index under row-level security, as LIKE would not. */
export const beginsWith = (column: string, prefix: string, values: Values): string =>
  `${column} >= ${values.add(prefix, 'text')} AND ${column} < ${values.add(`${prefix}\u{10FFFF}`, 'text')}`;
