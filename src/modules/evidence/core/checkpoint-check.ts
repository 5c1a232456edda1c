import { type Findings } from './findings';
import { type LedgerRow } from './ledger-row';
import { MerkleRoot } from './merkle';
import { type CheckpointStatement, digestOf } from './statement';

/** A checkpoint as its row has it, and what its JWS says if it was signed by one of our keys. */
export interface CheckpointRow {
  readonly id: string;
  readonly ledgerId: string;
  readonly after: bigint;
  readonly sequence: bigint;
  readonly hash: string;
  readonly root: string;
  readonly jws: string;
  readonly time: Date;
  readonly tenantId: string;
  readonly signed: CheckpointStatement | undefined;
}

/** Checkpoints in their order against the transactions that they cover, as these go by. */
export class CheckpointCheck {
  count = 0n;
  private current: CheckpointRow | undefined;
  private previous: CheckpointRow | undefined;
  private tree = new MerkleRoot();
  private currencies = new Map<string, number>();

  constructor(
    /** The next one, undefined after the last. */
    private readonly take: () => Promise<CheckpointRow | undefined>,
    private readonly findings: Findings,
  ) {}

  async begin(): Promise<void> {
    this.current = await this.take();
  }

  async next(row: LedgerRow): Promise<void> {
    // what lies before the one that is waited for is gone
    while (this.current && this.current.sequence < row.sequence) await this.finish(undefined);
    if (this.current?.after === row.sequence - 1n) this.begun();
    this.tree.add(Buffer.from(row.hash, 'hex'));
    for (const { currency, scale } of row.entries) this.currencies.set(currency, scale ?? -1);
    if (this.current?.sequence === row.sequence) await this.finish(row);
  }

  /** What is still signed lies beyond the last transaction. */
  async end(): Promise<void> {
    while (this.current) await this.finish(undefined);
  }

  private async finish(last: LedgerRow | undefined): Promise<void> {
    const { current: row } = this;
    if (!row) return;
    this.count += 1n;
    const wrong = (rule: Parameters<Findings['add']>[0], detail: string) => {
      this.findings.add(rule, `checkpoint ${row.id}`, `after ${row.after} up to ${row.sequence}: ${detail}`);
    };
    const { signed } = row;
    if (!signed) wrong('checkpoint-signature', 'no key of this installation signed it');
    else {
      for (const field of differences(row, signed))
        wrong('checkpoint-row', `its ${field} is not the one that was signed`);
      const before = this.previous;
      if (
        signed.previous !== (before ? digestOf(before.jws) : null) ||
        BigInt(signed.after) !== (before?.sequence ?? 0n)
      )
        wrong('checkpoint-link', 'the checkpoint before it is gone or another one');
      if (!last) wrong('checkpoint-chain', `transaction ${row.sequence} is gone`);
      else if (last.hash !== signed.hash)
        wrong('checkpoint-chain', 'the chain leads to another hash than was signed: something it covers was rewritten');
      if (last && this.tree.root().toString('hex') !== signed.root)
        wrong('checkpoint-root', 'the transactions that it covers are not those that were signed');
      const scales = Object.entries(signed.currencies);
      if (
        last &&
        (scales.length !== this.currencies.size || scales.some(([code, scale]) => this.currencies.get(code) !== scale))
      )
        wrong('currency', 'the currencies of the transactions that it covers have other decimals than were signed');
    }
    this.previous = row;
    this.begun();
    this.current = await this.take();
  }

  private begun(): void {
    this.tree = new MerkleRoot();
    this.currencies = new Map();
  }
}

function differences(row: CheckpointRow, signed: CheckpointStatement): string[] {
  const said: readonly (readonly [string, string, string])[] = [
    ['tenant', row.tenantId, signed.tenant],
    ['ledger', row.ledgerId, signed.ledger],
    ['start', row.after.toString(), signed.after],
    ['sequence', row.sequence.toString(), signed.sequence],
    ['hash', row.hash, signed.hash],
    ['root', row.root, signed.root],
    ['time', row.time.toISOString(), signed.time],
  ];
  return said.filter(([, stored, statement]) => stored !== statement).map(([field]) => field);
}
