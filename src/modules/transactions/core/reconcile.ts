/** What a bank, or whoever else keeps a record of the same account, has under a reference. */
export interface StatementLine {
  readonly reference: string;
  /** Minor units; debits of our account are positive. */
  readonly change: bigint;
}

/** What a transaction of ours did to the account. */
export interface BookedChange {
  readonly transactionId: string;
  /** Null: there is nothing that a statement could know it by. */
  readonly reference: string | null;
  /** Minor units; debits are positive. */
  readonly change: bigint;
}

export interface Reconciliation<Booked extends BookedChange> {
  /** References on both sides, with the same amount. */
  readonly matched: number;
  /** On the statement and not in the ledger; lines of one reference are added up. */
  readonly missing: readonly StatementLine[];
  /** In the ledger and not on the statement. */
  readonly extra: readonly Booked[];
  /** On both, with different amounts. */
  readonly different: readonly { readonly booked: Booked; readonly change: bigint }[];
}

/**
 * Compares a statement with what was booked: each side is on the result once, as matched or as what is wrong with it.
 * @param booked references are unique, as they are in a ledger
 */
export function reconcile<Booked extends BookedChange>(
  lines: readonly StatementLine[],
  booked: readonly Booked[],
): Reconciliation<Booked> {
  const stated = new Map<string, bigint>();
  for (const { reference, change } of lines) stated.set(reference, (stated.get(reference) ?? 0n) + change);
  let matched = 0;
  const extra: Booked[] = [];
  const different: { booked: Booked; change: bigint }[] = [];
  for (const ours of booked) {
    const change = ours.reference === null ? undefined : stated.get(ours.reference);
    if (ours.reference === null || change === undefined) {
      // what comes to nothing moves no money for a statement to show
      if (ours.change !== 0n) extra.push(ours);
      continue;
    }
    stated.delete(ours.reference);
    if (change === ours.change) matched += 1;
    else different.push({ booked: ours, change });
  }
  return { matched, missing: [...stated].map(([reference, change]) => ({ reference, change })), extra, different };
}
