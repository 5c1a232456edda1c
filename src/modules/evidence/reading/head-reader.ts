import { type PoolClient } from 'pg';

export interface Head {
  readonly sequence: bigint;
  readonly hash: Buffer;
}

/** Where the ledger's hash chain stands. The ledger is there. */
export async function headOf(client: PoolClient, tenantId: string, ledgerId: string): Promise<Head> {
  const { rows } = await client.query<{ sequence: string; hash: Buffer }>(
    'SELECT sequence, hash FROM ledger_heads WHERE tenant_id = $1 AND ledger_id = $2',
    [tenantId, ledgerId],
  );
  return { sequence: BigInt(rows[0]?.sequence ?? 0), hash: rows[0]?.hash ?? Buffer.alloc(32) };
}
