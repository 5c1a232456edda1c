import { createHash } from 'node:crypto';

/*
 * The hash chain, computed again from rows by the words of the documentation and by no code of ours: each hash is the
 * SHA-256 of the hash before it, in hexadecimal, and one JSON text of the transaction.
 */

export interface ChainedTransaction {
  readonly ledgerId: string;
  readonly sequence: string;
  readonly id: string;
  readonly kind: string;
  readonly parentId: string | null;
  readonly templateId: string | null;
  readonly reference: string | null;
  readonly description: string | null;
  readonly effectiveAt: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly metadata: unknown;
  /** account id, code, currency, direction, kind, amount, version, balance after */
  readonly entries: readonly (readonly string[])[];
  /** Hexadecimal. */
  readonly hash: string;
}

/** Members in the order of their names, no white space. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${sorted(member)}`).join(',')}}`;
}

export function hashAfter(previous: string, one: ChainedTransaction): string {
  const text = JSON.stringify([
    'daybook.transaction.1',
    ...[one.ledgerId, one.sequence, one.id, one.kind, one.parentId, one.templateId, one.reference, one.description],
    ...[one.effectiveAt, one.createdAt, one.createdBy, one.expiresAt, sorted(one.metadata), one.entries],
  ]);
  return createHash('sha256')
    .update(previous + text)
    .digest('hex');
}

/** Of a whole ledger, in its order. @returns what is wrong with it */
export function faultsInChain(transactions: Iterable<ChainedTransaction>, head?: string): string[] {
  const faults: string[] = [];
  let previous = '0'.repeat(64);
  for (const one of transactions) {
    if (hashAfter(previous, one) !== one.hash) faults.push(`the hash of ${one.sequence} is another`);
    previous = one.hash;
  }
  if (head !== undefined && head !== previous) faults.push('the head is not the last hash');
  return faults;
}

const ISO = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Of every ledger in the database, from its rows (REL-13). */
export async function faultsInChains(app: {
  sql<Row>(text: string, values?: unknown[]): Promise<Row[]>;
}): Promise<string[]> {
  const heads = await app.sql<{ ledger: string; hash: string }>(
    `SELECT ledger_id AS ledger, encode(hash, 'hex') AS hash FROM ledger_heads`,
  );
  const rows = await app.sql<ChainedTransaction>(
    `SELECT t.ledger_id AS "ledgerId", t.sequence::text, t.id, t.kind, t.parent_id AS "parentId", t.template_id AS "templateId",
            t.reference, t.description, ${ISO('t.effective_at')} AS "effectiveAt", ${ISO('t.created_at')} AS "createdAt",
            t.created_by AS "createdBy", ${ISO('h.expires_at')} AS "expiresAt", t.metadata, encode(t.hash, 'hex') AS hash, e.entries
       FROM transactions t
       LEFT JOIN holds h ON h.tenant_id = t.tenant_id AND h.transaction_id = t.id
       LEFT JOIN (SELECT e.tenant_id, e.transaction_id, json_agg(json_build_array(e.account_id, a.code, e.currency, e.direction, e.kind,
                         e.amount::text, e.version::text, e.balance_after::text) ORDER BY e.position) AS entries
                    FROM entries e JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id GROUP BY 1, 2) e
         ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
      ORDER BY t.ledger_id, t.sequence`,
  );
  const ledgers = new Map<string, ChainedTransaction[]>(heads.map(({ ledger }) => [ledger, []]));
  for (const row of rows) ledgers.get(row.ledgerId)?.push(row);
  return heads.flatMap(({ ledger, hash }) =>
    faultsInChain(ledgers.get(ledger) ?? [], hash).map((fault) => `${ledger}: ${fault}`),
  );
}
