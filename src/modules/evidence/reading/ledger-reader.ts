import { type PoolClient } from 'pg';
import { type Direction, type EntryKind, type TransactionKind } from '../../transactions';
import { type EntryRow, type LedgerRow, type Parts, placeKey, type StateRow } from '../core/ledger-row';

/** Transactions in memory at once. */
const PAGE = 1_000;

type RawEntry = [
  accountId: string,
  code: string | null,
  currency: string,
  scale: number | null,
  direction: Direction,
  kind: EntryKind,
  amount: string,
  version: string,
  balanceAfter: string,
  position: number,
  fits: boolean,
];

interface Raw {
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
  readonly hash: string;
  readonly entry_count: number;
  readonly whole_times: boolean;
  readonly expires_at: Date | null;
  readonly parent: [kind: TransactionKind, sequence: string, sameLedger: boolean] | null;
  readonly hold: [status: string, remaining: string[], fits: boolean] | null;
  readonly reversal: [status: string, remaining: string[], fits: boolean] | null;
  readonly entries: RawEntry[] | null;
}

/** By what is there, whatever it refers to: nothing that was removed may hide what is left. */
const TRANSACTIONS = {
  name: 'evidence-transactions',
  text: `
SELECT t.id, t.ledger_id, t.sequence, t.kind, t.parent_id, t.template_id, t.reference, t.description, t.effective_at, t.created_at, t.created_by, t.metadata, encode(t.hash, 'hex') AS hash, t.entry_count,
       t.effective_at = date_trunc('milliseconds', t.effective_at) AND t.created_at = date_trunc('milliseconds', t.created_at)
         AND COALESCE(h.expires_at = date_trunc('milliseconds', h.expires_at), true) AS whole_times,
       h.expires_at,
       CASE WHEN p.id IS NOT NULL THEN json_build_array(p.kind, p.sequence::text, p.ledger_id = t.ledger_id) END AS parent,
       CASE WHEN h.transaction_id IS NOT NULL THEN json_build_array(h.status, h.remaining::text[], h.ledger_id = t.ledger_id AND h.sequence = t.sequence) END AS hold,
       CASE WHEN r.transaction_id IS NOT NULL THEN json_build_array(CASE WHEN r.whole THEN 'reversed' ELSE 'posted' END, r.remaining::text[], r.ledger_id = t.ledger_id AND r.sequence = t.sequence) END AS reversal,
       (SELECT json_agg(json_build_array(e.account_id, a.code, e.currency, c.scale, e.direction, e.kind, e.amount::text, e.version::text, e.balance_after::text, e.position,
                  e.ledger_id = t.ledger_id AND e.effective_at = t.effective_at AND e.created_at = t.created_at AND a.ledger_id = t.ledger_id) ORDER BY e.position)
          FROM entries e
          LEFT JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
          LEFT JOIN currencies c ON c.tenant_id = e.tenant_id AND c.code = e.currency
         WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id) AS entries
  FROM transactions t
  LEFT JOIN transactions p ON p.tenant_id = t.tenant_id AND p.id = t.parent_id
  LEFT JOIN holds h ON h.tenant_id = t.tenant_id AND h.transaction_id = t.id
  LEFT JOIN reversals r ON r.tenant_id = t.tenant_id AND r.transaction_id = t.id
 WHERE t.tenant_id = $1 AND t.ledger_id = $2 AND t.sequence > $3
 ORDER BY t.sequence LIMIT ${PAGE}`,
};

const PARTS = {
  name: 'evidence-parts',
  text: `
SELECT x.parent_id, x.kind, count(DISTINCT x.id)::int AS children, e.account_id, e.currency, e.direction, e.kind AS entry_kind, sum(e.amount)::text AS amount
  FROM transactions x LEFT JOIN entries e ON e.tenant_id = x.tenant_id AND e.transaction_id = x.id
 WHERE x.tenant_id = $1 AND x.parent_id IS NOT NULL AND x.parent_id = ANY ($2::uuid[])
 GROUP BY GROUPING SETS ((x.parent_id, x.kind), (x.parent_id, x.kind, e.account_id, e.currency, e.direction, e.kind))`,
};

interface RawPart {
  readonly parent_id: string;
  readonly kind: TransactionKind;
  readonly children: number;
  readonly account_id: string | null;
  readonly currency: string;
  readonly direction: Direction;
  readonly entry_kind: EntryKind;
  readonly amount: string | null;
}

/** The transactions of a ledger in the order of their sequence, page by page, by keyset. */
export async function* readLedger(
  client: PoolClient,
  tenantId: string,
  ledgerId: string,
): AsyncGenerator<LedgerRow[], void> {
  for (let after = '0'; ;) {
    const { rows } = await client.query<Raw>({ ...TRANSACTIONS, values: [tenantId, ledgerId, after] });
    const last = rows.at(-1);
    if (!last) return;
    const parts = await readParts(
      client,
      tenantId,
      rows.map(({ id }) => id),
    );
    yield rows.map((row) => rowOf(row, parts.get(row.id) ?? NO_PARTS));
    if (rows.length < PAGE) return;
    after = last.sequence;
  }
}

interface OwnParts {
  readonly children: Map<TransactionKind, number>;
  readonly sums: Map<string, bigint>;
}

const NO_PARTS: Parts = { children: new Map(), sums: new Map() };

async function readParts(client: PoolClient, tenantId: string, ids: readonly string[]): Promise<Map<string, Parts>> {
  const { rows } = await client.query<RawPart>({ ...PARTS, values: [tenantId, ids] });
  const parts = new Map<string, OwnParts>();
  for (const row of rows) {
    const own: OwnParts = parts.get(row.parent_id) ?? { children: new Map(), sums: new Map() };
    parts.set(row.parent_id, own);
    if (row.account_id === null) own.children.set(row.kind, Math.max(row.children, own.children.get(row.kind) ?? 0));
    else {
      const place = { accountId: row.account_id, currency: row.currency, direction: row.direction };
      const key = `${row.entry_kind} ${placeKey(place)}`;
      own.sums.set(key, (own.sums.get(key) ?? 0n) + BigInt(row.amount ?? 0));
    }
  }
  return parts;
}

function rowOf(raw: Raw, parts: Parts): LedgerRow {
  return {
    id: raw.id,
    ledgerId: raw.ledger_id,
    sequence: BigInt(raw.sequence),
    kind: raw.kind,
    parentId: raw.parent_id,
    templateId: raw.template_id,
    reference: raw.reference,
    description: raw.description,
    effectiveAt: raw.effective_at,
    createdAt: raw.created_at,
    createdBy: raw.created_by,
    expiresAt: raw.expires_at,
    metadata: raw.metadata,
    hash: raw.hash,
    entryCount: raw.entry_count,
    wholeTimes: raw.whole_times,
    parent: raw.parent && { kind: raw.parent[0], sequence: BigInt(raw.parent[1]), sameLedger: raw.parent[2] },
    hold: stateOf(raw.hold),
    reversal: stateOf(raw.reversal),
    parts,
    entries: (raw.entries ?? []).map(entryOf),
  };
}

function entryOf(raw: RawEntry): EntryRow {
  const [accountId, account, currency, scale, direction, kind, amount, version, balanceAfter, position, fits] = raw;
  return {
    ...{ accountId, account, currency, scale, direction, kind, position },
    amount: BigInt(amount),
    version: BigInt(version),
    balanceAfter: BigInt(balanceAfter),
    fits,
  };
}

function stateOf(raw: Raw['hold']): StateRow | null {
  return raw && { status: raw[0], remaining: raw[1].map(BigInt), fits: raw[2] };
}
