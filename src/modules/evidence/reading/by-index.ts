import { type PoolClient } from 'pg';

/**
 * For the rest of the transaction rows are found by index, one by one: what reads a ledger from end to end reads it in
 * order, and the statistics hardly know a tenant that is new to them.
 */
export async function byIndex(client: PoolClient): Promise<void> {
  await client.query(
    'SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off',
  );
}
