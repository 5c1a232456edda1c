import { type EntryKind, movesPosted, type RecordedEntry } from '../../transactions';
import { type Findings } from './findings';
import { type BalanceRow } from './ledger-row';

type Step = Pick<RecordedEntry, 'accountId' | 'currency' | 'direction' | 'amount' | 'version' | 'balanceAfter'> & {
  readonly kind: EntryKind;
};

/**
 * Entries of one balance after the other, in the order of their versions, against its row (REL-02): versions are dense
 * from 1, each entry says what it left, and the row is what they come to.
 */
export class BalanceCheck {
  entries = 0n;
  private sums = { debits: 0n, credits: 0n, pendingDebits: 0n, pendingCredits: 0n };
  private version = 0n;
  private after = 0n;

  constructor(
    private readonly balance: BalanceRow,
    private readonly findings: Findings,
  ) {}

  add({ kind, direction, amount, version, balanceAfter }: Step): void {
    const { sums } = this;
    this.entries += 1n;
    const change = kind === 'released' ? -amount : amount;
    if (movesPosted(kind)) sums[direction === 'debit' ? 'debits' : 'credits'] += change;
    else sums[direction === 'debit' ? 'pendingDebits' : 'pendingCredits'] += change;
    if (version !== this.version + 1n)
      this.wrong('version', `version ${version} follows ${this.version}: what is between them is gone`);
    const after = this.after + (movesPosted(kind) ? (direction === 'debit' ? amount : -amount) : 0n);
    if (balanceAfter !== after)
      this.wrong('balance-after', `version ${version} leaves ${after} minor units, and says ${balanceAfter}`);
    // from what it says, so that the entry that is wrong is named and not all that follow
    this.after = balanceAfter;
    this.version = version;
  }

  /** After the last entry. */
  end(): void {
    const { sums, balance } = this;
    if (balance.version !== this.version)
      this.wrong('balance', `its version is ${balance.version}, and its last entry has ${this.version}`);
    for (const field of ['debits', 'credits', 'pendingDebits', 'pendingCredits'] as const)
      if (balance[field] !== sums[field])
        this.wrong('balance', `${field} are ${balance[field]} minor units, and its entries come to ${sums[field]}`);
  }

  private wrong(rule: 'version' | 'balance-after' | 'balance', detail: string): void {
    this.findings.add(rule, `account ${this.balance.account} ${this.balance.currency}`, detail);
  }
}
