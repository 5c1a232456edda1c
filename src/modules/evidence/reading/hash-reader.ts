import { type PoolClient } from 'pg';

/** Hashes, hexadecimal, of the transactions after one place up to another, in their order. */
export async function hashesOf(
  client: PoolClient,
  tenantId: string,
  ledgerId: string,
  after: bigint,
  sequence: bigint,
): Promise<string[]> {
  const { rows } = await client.query<[string]>({
    text: `SELECT encode(hash, 'hex') FROM transactions WHERE tenant_id = $1 AND ledger_id = $2 AND sequence > $3 AND sequence <= $4 ORDER BY sequence`,
    values: [tenantId, ledgerId, after.toString(), sequence.toString()],
    rowMode: 'array',
  });
  return rows.map(([hash]) => hash);
}

/** What a checkpoint's Merkle tree is made of: the 32 bytes of each hash. */
export const leavesOf = (hashes: readonly string[]): Buffer[] => hashes.map((hash) => Buffer.from(hash, 'hex'));
