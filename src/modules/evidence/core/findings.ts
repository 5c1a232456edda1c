/** What can be wrong with a ledger. docs/guides/tamper-evidence.md says what each means. */
export const RULES = [
  'sequence',
  'hash',
  'head',
  'zero-sum',
  'entries',
  'parent',
  'hold',
  'reversal',
  'version',
  'balance-after',
  'balance',
  'currency',
  'checkpoint-signature',
  'checkpoint-row',
  'checkpoint-link',
  'checkpoint-chain',
  'checkpoint-root',
] as const;
export type Rule = (typeof RULES)[number];

/** Something that is wrong, and where. */
export interface Finding {
  readonly rule: Rule;
  /** The row: `transaction ID`, `sequence N`, `account CODE CURRENCY`, `checkpoint ID`, `head`. */
  readonly object: string;
  readonly detail: string;
}

/** A ledger that was altered all over has a finding per row: beyond this many they are counted only. */
const KEPT = 100;

export class Findings {
  readonly kept: Finding[] = [];
  count = 0;

  add(rule: Rule, object: string, detail: string): void {
    this.count += 1;
    if (this.kept.length < KEPT) this.kept.push({ rule, object, detail });
  }
}
