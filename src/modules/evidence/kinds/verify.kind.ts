import { type JobContext, type JobHandler, JobKind } from '../../jobs';
import { VerificationsService } from '../verifications.service';
import { LedgerJobPayload } from './ledger.payload.dto';

export const VERIFY_JOB = 'ledger.verify';

@JobKind({
  name: VERIFY_JOB,
  description:
    'Recomputes a ledger, or all of the tenant: sums, balances, versions, sequence, hash chain, holds, reversals, checkpoints. The result counts what is wrong; GET /v1/ledgers/{id}/verifications names it.',
  payload: LedgerJobPayload,
  concurrencyShare: 0.25,
  timeoutMs: 6 * 3_600_000,
})
export class VerifyKind implements JobHandler<LedgerJobPayload> {
  constructor(private readonly verifications: VerificationsService) {}

  async run(context: JobContext, { ledgerId }: LedgerJobPayload) {
    const { tenantId, jobId, signal } = context;
    const ledgers = ledgerId === undefined ? await this.verifications.ledgersOf(tenantId) : [ledgerId];
    const result = { ledgers: ledgers.length, transactions: 0, entries: 0, findings: 0 };
    for (const [done, id] of ledgers.entries()) {
      const progress = (percent: number, message: string) =>
        context.progress((100 * done + percent) / ledgers.length, message);
      const found = await this.verifications.verify(tenantId, id, jobId, { signal, progress });
      result.transactions += Number(found.sequence);
      result.entries += Number(found.entries);
      result.findings += Number(found.findingCount);
      for (const finding of found.findings.slice(0, 10))
        await context.log(`${finding.rule}: ${finding.object}: ${finding.detail}`, { ledgerId: id });
    }
    return result;
  }
}
