import { type KeyObject } from 'node:crypto';
import { type PoolClient } from 'pg';
import { jwsIsSignedBy, readJws } from '../../../common/crypto/jws';
import { type CheckpointRow } from '../core/checkpoint-check';
import { CHECKPOINT_TYPE, type CheckpointStatement, readStatement } from '../core/statement';

const PAGE = 500;

interface Raw {
  readonly id: string;
  readonly tenant_id: string;
  readonly ledger_id: string;
  readonly after_sequence: string;
  readonly sequence: string;
  readonly hash: string;
  readonly root: string;
  readonly jws: string;
  readonly created_at: Date;
}

/** The checkpoints of a ledger in their order. */
export async function* readCheckpoints(
  client: PoolClient,
  tenantId: string,
  ledgerId: string,
  keys: ReadonlyMap<string, KeyObject>,
): AsyncGenerator<CheckpointRow, undefined> {
  for (let after = '0'; ;) {
    const { rows } = await client.query<Raw>(
      `SELECT id, tenant_id, ledger_id, after_sequence, sequence, encode(hash, 'hex') AS hash, encode(root, 'hex') AS root, jws, created_at FROM checkpoints
        WHERE tenant_id = $1 AND ledger_id = $2 AND sequence > $3 ORDER BY sequence LIMIT ${PAGE}`,
      [tenantId, ledgerId, after],
    );
    for (const row of rows) {
      yield {
        ...{ id: row.id, tenantId: row.tenant_id, ledgerId: row.ledger_id, hash: row.hash, root: row.root },
        ...{ jws: row.jws, time: row.created_at, after: BigInt(row.after_sequence), sequence: BigInt(row.sequence) },
        signed: signedStatement(row.jws, keys),
      };
      after = row.sequence;
    }
    if (rows.length < PAGE) return undefined;
  }
}

/** What a checkpoint says, if one of the keys signed it. */
function signedStatement(jws: string, keys: ReadonlyMap<string, KeyObject>): CheckpointStatement | undefined {
  const read = readJws(jws, CHECKPOINT_TYPE);
  const key = read && keys.get(read.kid);
  return key && jwsIsSignedBy(key, read) ? readStatement(read.payload) : undefined;
}
