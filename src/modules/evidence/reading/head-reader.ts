import { type PoolClient } from 'pg';
import { FIRST_HASH } from '../../transactions';

export interface Head {
  readonly sequence: bigint;
  /** Hexadecimal. */
  readonly hash: string;
}

/** Where the ledger's hash chain stands. The ledger is there. */
export async function headOf(client: PoolClient, tenantId: string, ledgerId: string): Promise<Head> {
  const { rows } = await client.query<{ sequence: string; hash: string }>(
    `SELECT sequence, encode(hash, 'hex') AS hash FROM ledger_heads WHERE tenant_id = $1 AND ledger_id = $2`,
    [tenantId, ledgerId],
  );
  return { sequence: BigInt(rows[0]?.sequence ?? 0), hash: rows[0]?.hash ?? FIRST_HASH };
}
