import { Injectable } from '@nestjs/common';
import { Problem } from '../../common/problems/problem';
import { currentTransaction } from '../../platform/database/tenant-database';
import { canonicalTransaction, FIRST_HASH, readTransactions, TRANSACTION_NOT_FOUND } from '../transactions';
import { CheckpointsService } from './checkpoints.service';
import { merklePath } from './core/merkle';
import { CheckpointResponse } from './dto/checkpoint.dto';
import { type ProofResponse } from './dto/proof.dto';
import { CHECKPOINT_NEEDED } from './evidence.errors';
import { hashesOf, leavesOf } from './reading/hash-reader';

/** Proofs that a transaction is one of those that a checkpoint was signed for. */
@Injectable()
export class ProofsService {
  constructor(private readonly checkpoints: CheckpointsService) {}

  /** @throws Problem `transaction-not-found`, `checkpoint-needed` */
  async prove(ledgerId: string, id: string): Promise<ProofResponse> {
    const reading = currentTransaction();
    const { client, tenantId } = reading;
    const where = 't.tenant_id = $1 AND t.ledger_id = $2 AND t.id = $3';
    const [found] = await readTransactions(reading, where, [tenantId, ledgerId, id]);
    if (!found) throw new Problem(TRANSACTION_NOT_FOUND, 'The ledger has no transaction with this id.');
    const { recorded } = found;
    const checkpoint = await this.checkpoints.covering(ledgerId, recorded.sequence);
    if (!checkpoint)
      throw new Problem(CHECKPOINT_NEEDED, `No checkpoint covers transaction ${recorded.sequence} of the ledger yet.`);
    // one more at the start: the hash that the first one follows on
    const { after, sequence } = checkpoint;
    const first = after > 0n ? after - 1n : 0n;
    const hashes = await hashesOf(client, tenantId, ledgerId, first, sequence);
    if (after === 0n) hashes.unshift(FIRST_HASH);
    const place = Number(recorded.sequence - after);
    return {
      form: 'daybook.proof.1',
      canonical: canonicalTransaction(recorded),
      previousHash: hashes[place - 1] ?? FIRST_HASH,
      hash: recorded.hash,
      path: merklePath(leavesOf(hashes.slice(1)), place - 1).map(({ side, hash }) => ({
        side,
        hash: hash.toString('hex'),
      })),
      checkpoint: CheckpointResponse.of(checkpoint),
    };
  }
}
