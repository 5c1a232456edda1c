import { type Transaction } from '../../../platform/database/tenant-database';
import { type Direction } from '../core/account';
import { type HoldStatus } from '../core/book';
import { type EntryKind, movesPosted, type RecordedTransaction, type TransactionKind } from '../core/recorded';

interface Row {
  readonly id: string;
  readonly ledger_id: string;
  readonly sequence: string;
  readonly kind: TransactionKind;
  readonly parent_id: string | null;
  readonly template_id: string | null;
  readonly reference: string | null;
  readonly description: string | null;
  readonly effective_at: Date;
  readonly created_at: Date;
  readonly created_by: string;
  readonly metadata: Record<string, unknown>;
  readonly hash: Buffer;
  readonly hold_status: HoldStatus | null;
  readonly expires_at: Date | null;
  readonly remaining: string[] | null;
  readonly children: { id: string; kind: TransactionKind }[] | null;
  readonly entries: {
    account_id: string;
    code: string;
    kind: EntryKind;
    direction: Direction;
    amount: string;
    currency: string;
    scale: number;
    version: string;
    balance_after: string;
  }[];
}

export const TRANSACTION_STATUSES = ['pending', 'posted', 'voided', 'expired', 'reversed'] as const;
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];

/** A transaction as it was recorded, and what has become of it since. */
export interface TransactionView {
  readonly recorded: RecordedTransaction;
  readonly status: TransactionStatus;
  /** Per entry, in minor units: what is left to capture or to reverse; null where neither can be. */
  readonly remaining: readonly bigint[] | null;
  /** Captures, voids, expiry or reversals of it, in their order. */
  readonly children: readonly { readonly id: string; readonly kind: TransactionKind }[];
}

/** How a transaction looked when it was recorded: what its first answer and every replay of it say. */
export function asRecorded(recorded: RecordedTransaction): TransactionView {
  return { recorded, status: firstStatus(recorded.kind), remaining: wholeOf(recorded), children: [] };
}

function firstStatus(kind: TransactionKind): TransactionStatus {
  if (kind === 'hold') return 'pending';
  if (kind === 'void') return 'voided';
  return kind === 'expiry' ? 'expired' : 'posted';
}

function wholeOf({ kind, entries }: RecordedTransaction): bigint[] | null {
  if (kind === 'hold') return entries.map(({ amount }) => amount);
  if (kind !== 'posting' && kind !== 'capture') return null;
  return entries.map((entry) => (movesPosted(entry.kind) ? entry.amount : 0n));
}

/** Transactions with their entries and their state at the moment of the reading. `where` and `tail` are SQL of ours, never a caller's. */
export async function readTransactions(
  { client, now }: Pick<Transaction, 'client' | 'now'>,
  where: string,
  values: readonly unknown[],
  tail = '',
): Promise<TransactionView[]> {
  const { rows } = await client.query<Row>(
    `SELECT t.id, t.ledger_id, t.sequence, t.kind, t.parent_id, t.template_id, t.reference, t.description, t.effective_at, t.created_at, t.created_by, t.metadata, t.hash,
            h.status AS hold_status, h.expires_at, COALESCE(h.remaining, r.remaining)::text[] AS remaining,
            (SELECT json_agg(json_build_object('id', c.id, 'kind', c.kind) ORDER BY c.sequence)
               FROM transactions c WHERE c.tenant_id = t.tenant_id AND c.parent_id = t.id) AS children,
            (SELECT json_agg(json_build_object('account_id', e.account_id, 'code', a.code, 'kind', e.kind, 'direction', e.direction, 'amount', e.amount::text,
                      'currency', e.currency, 'scale', c.scale, 'version', e.version::text, 'balance_after', e.balance_after::text) ORDER BY e.position)
               FROM entries e
               JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
               JOIN currencies c ON c.tenant_id = e.tenant_id AND c.code = e.currency
              WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id) AS entries
       FROM transactions t
       LEFT JOIN holds h ON h.tenant_id = t.tenant_id AND h.transaction_id = t.id
       LEFT JOIN reversals r ON r.tenant_id = t.tenant_id AND r.transaction_id = t.id
      WHERE ${where} ${tail}`,
    [...values],
  );
  return rows.map((row) => viewOf(row, now));
}

function viewOf(row: Row, now: Date): TransactionView {
  const recorded: RecordedTransaction = {
    id: row.id,
    ledgerId: row.ledger_id,
    sequence: BigInt(row.sequence),
    kind: row.kind,
    parentId: row.parent_id,
    templateId: row.template_id,
    reference: row.reference,
    description: row.description,
    effectiveAt: row.effective_at,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    metadata: row.metadata,
    hash: row.hash.toString('hex'),
    entries: row.entries.map((entry) => ({
      accountId: entry.account_id,
      account: entry.code,
      kind: entry.kind,
      direction: entry.direction,
      amount: BigInt(entry.amount),
      currency: entry.currency,
      scale: entry.scale,
      version: BigInt(entry.version),
      balanceAfter: BigInt(entry.balance_after),
    })),
  };
  const first = asRecorded(recorded);
  const remaining = row.remaining?.map(BigInt) ?? first.remaining;
  // a hold ends on its second, whether or not that is recorded yet
  const ended = row.hold_status === 'pending' && row.expires_at !== null && row.expires_at <= now;
  if (ended)
    return { ...first, status: 'expired', remaining: remaining?.map(() => 0n) ?? null, children: row.children ?? [] };
  const reversed = row.hold_status === null && row.remaining !== null && !remaining?.some((left) => left > 0n);
  const status = row.hold_status ?? (reversed ? 'reversed' : first.status);
  return { recorded, status, remaining, children: row.children ?? [] };
}
