import { type JobContext, type JobHandler, JobKind } from '../../jobs';
import { CheckpointsService } from '../checkpoints.service';
import { VerificationsService } from '../verifications.service';
import { LedgerJobPayload } from './ledger.payload.dto';

export const CHECKPOINT_JOB = 'ledger.checkpoint';

@JobKind({
  name: CHECKPOINT_JOB,
  description:
    'Signs where the hash chain of a ledger stands, or of all ledgers of the tenant; those that have not moved since their last checkpoint are left out.',
  payload: LedgerJobPayload,
  concurrencyShare: 0.25,
  timeoutMs: 3_600_000,
})
export class CheckpointKind implements JobHandler<LedgerJobPayload> {
  constructor(
    private readonly checkpoints: CheckpointsService,
    private readonly verifications: VerificationsService,
  ) {}

  async run(context: JobContext, { ledgerId }: LedgerJobPayload) {
    const { tenantId, signal } = context;
    const ledgers = ledgerId === undefined ? await this.verifications.ledgersOf(tenantId) : [ledgerId];
    let checkpoints = 0;
    let refused: unknown;
    for (const [done, id] of ledgers.entries()) {
      await context.progress((100 * done) / ledgers.length, `${done} of ${ledgers.length} ledgers`);
      try {
        checkpoints += (await this.checkpoints.make(tenantId, id, signal)).made;
      } catch (error) {
        signal.throwIfAborted();
        // one ledger's trouble keeps none of the others from its checkpoint
        await context.log(`no checkpoint for ledger ${id}: ${(error as Error).message}`);
        refused ??= error;
      }
    }
    if (refused !== undefined) throw refused as Error;
    return { ledgers: ledgers.length, checkpoints };
  }
}
