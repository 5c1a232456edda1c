import { type PoolClient } from 'pg';
import { type Direction } from '../core/account';
import { type PostedTransaction } from '../core/posting';

interface Row {
  readonly id: string;
  readonly ledger_id: string;
  readonly sequence: string;
  readonly reference: string | null;
  readonly description: string | null;
  readonly effective_at: Date;
  readonly created_at: Date;
  readonly created_by: string;
  readonly metadata: Record<string, unknown>;
  readonly entries: {
    account_id: string;
    code: string;
    direction: Direction;
    amount: string;
    currency: string;
    scale: number;
    version: string;
    balance_after: string;
  }[];
}

/** Transactions as they were posted, with their entries. `where` is SQL of ours, never a caller's. */
export async function readTransactions(
  client: PoolClient,
  where: string,
  values: readonly unknown[],
  tail = '',
): Promise<PostedTransaction[]> {
  const { rows } = await client.query<Row>(
    `SELECT t.id, t.ledger_id, t.sequence, t.reference, t.description, t.effective_at, t.created_at, t.created_by, t.metadata,
            (SELECT json_agg(json_build_object('account_id', e.account_id, 'code', a.code, 'direction', e.direction, 'amount', e.amount::text,
                      'currency', e.currency, 'scale', c.scale, 'version', e.version::text, 'balance_after', e.balance_after::text) ORDER BY e.position)
               FROM entries e
               JOIN accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
               JOIN currencies c ON c.tenant_id = e.tenant_id AND c.code = e.currency
              WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id) AS entries
       FROM transactions t WHERE ${where} ${tail}`,
    [...values],
  );
  return rows.map((row) => ({
    id: row.id,
    ledgerId: row.ledger_id,
    sequence: BigInt(row.sequence),
    status: 'posted',
    reference: row.reference,
    description: row.description,
    effectiveAt: row.effective_at,
    createdAt: row.created_at,
    createdBy: row.created_by,
    metadata: row.metadata,
    entries: row.entries.map((entry) => ({
      accountId: entry.account_id,
      account: entry.code,
      direction: entry.direction,
      amount: BigInt(entry.amount),
      currency: entry.currency,
      scale: entry.scale,
      version: BigInt(entry.version),
      balanceAfter: BigInt(entry.balance_after),
    })),
  }));
}
