import { FIRST_HASH } from '../../transactions';
import { type Findings } from './findings';
import { type LedgerRow } from './ledger-row';

/**
 * Sequences and links of the hash chain (REL-13). Each row is compared with the hash that the row before it has, not
 * with what that should be: the row that was altered is named, and not all that follow it.
 */
export class ChainCheck {
  sequence = 0n;
  hash = FIRST_HASH;

  constructor(
    private readonly hashOf: (previous: string, row: LedgerRow) => string | undefined,
    private readonly findings: Findings,
  ) {}

  /** @returns the hash that the row must have; undefined where the one before it is gone */
  next(row: LedgerRow): string | undefined {
    const [from, until] = [this.sequence + 1n, row.sequence - 1n];
    if (until >= from)
      this.findings.add('sequence', `sequence ${from}`, from === until ? 'it is missing' : `missing up to ${until}`);
    const expected = until >= from ? undefined : (this.hashOf(this.hash, row) ?? '');
    this.sequence = row.sequence;
    this.hash = row.hash;
    return expected;
  }

  end(head: { readonly sequence: bigint; readonly hash: string }): void {
    if (head.sequence !== this.sequence)
      this.findings.add('head', 'head', `it says ${head.sequence}; the last transaction is ${this.sequence}`);
    else if (head.hash !== this.hash)
      this.findings.add('head', 'head', `its hash is not that of transaction ${this.sequence}`);
  }
}
