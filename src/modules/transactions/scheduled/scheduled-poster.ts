import { Injectable, Logger } from '@nestjs/common';
import { NIL_UUID } from '../../../common/ids/uuid';
import { INTERNAL_ERROR } from '../../../common/problems/http.problems';
import { Problem, problemDocument } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { TenantClocks } from '../../../platform/database/tenant-clocks';
import { TenantDatabase } from '../../../platform/database/tenant-database';
import { fingerprintOf } from '../../../platform/http/idempotency/idempotency.service';
import { toProblem } from '../../../platform/http/problem.filter';
import { Metrics } from '../../../platform/telemetry/metrics';
import { type Order } from '../core/orders';
import { type PostTransactionRequest } from '../posting/transaction.dto';
import { type Outcome, single } from '../engine/command';
import { handOver } from '../engine/hand-over';
import { PostingEngine } from '../engine/posting-engine';
import { PostingService } from '../posting/posting.service';

/** Scheduled transactions that are taken at once. */
const SLICE = 500;
/** A worker that has not said by then what became of them is taken for dead: another one goes on. */
const LEASE_SECONDS = 15;

interface Due {
  readonly id: string;
  readonly post_at: Date;
  readonly request: PostTransactionRequest;
  readonly created_by: string;
}

interface Ended {
  readonly id: string;
  readonly post_at: Date;
  readonly status: 'posted' | 'failed';
  readonly transaction_id: string | null;
  readonly problem: unknown;
}

/** Takes those that are due, so that nobody else does and they can no longer be cancelled, the first due first. */
const TAKE = `
WITH due AS (
  SELECT id FROM scheduled_transactions
   WHERE tenant_id = $1 AND ledger_id = $2 AND status = 'scheduled' AND due_at <= tenant_time(statement_timestamp())
   ORDER BY due_at, id LIMIT ${SLICE} FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE scheduled_transactions s
     SET begun_at = COALESCE(s.begun_at, tenant_time(clock_timestamp())), due_at = tenant_time(clock_timestamp()) + interval '${LEASE_SECONDS} seconds'
    FROM due WHERE s.tenant_id = $1 AND s.id = due.id
  RETURNING s.id, s.post_at, s.request, s.created_by
)
SELECT * FROM taken ORDER BY post_at, id`;

const END = `
UPDATE scheduled_transactions s
   SET status = e.status, transaction_id = e.transaction_id, problem = NULLIF(e.problem, 'null'::jsonb), ended_at = tenant_time(clock_timestamp())
  FROM jsonb_to_recordset($2::jsonb) AS e (id uuid, status text, transaction_id uuid, problem jsonb)
 WHERE s.tenant_id = $1 AND s.id = e.id AND s.status = 'scheduled'`;

/**
 * Posts scheduled transactions whose time has come. Each has a key of its own that is kept for ever, so that a worker
 * that goes on where another died posts nothing twice and learns what became of what the other one had posted.
 */
@Injectable()
export class ScheduledPoster {
  private readonly logger = new Logger(ScheduledPoster.name);

  constructor(
    private readonly database: TenantDatabase,
    private readonly engine: PostingEngine,
    private readonly posting: PostingService,
    private readonly clocks: TenantClocks,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  /** Posts what is due in a ledger. What cannot be posted for now is taken up again when its lease has run out. */
  async postDue(tenantId: string, ledgerId: string): Promise<void> {
    for (;;) {
      const due = await this.database.run(tenantId, 'write', async ({ client }) => {
        return (await client.query<Due>(TAKE, [tenantId, ledgerId])).rows;
      });
      const outcomes = await this.post(tenantId, ledgerId, due);
      const ended = due.flatMap((scheduled, place) => this.endOf(scheduled, outcomes[place]));
      await this.database.run(tenantId, 'write', ({ client }) => client.query(END, [tenantId, JSON.stringify(ended)]));
      for (const { post_at } of ended)
        this.metrics.scheduledDelay.observe((this.clocks.now(tenantId).getTime() - post_at.getTime()) / 1000);
      if (due.length < SLICE) return;
    }
  }

  /** In their order, in as few batches as they fit in. */
  private async post(tenantId: string, ledgerId: string, due: readonly Due[]): Promise<(Outcome | Problem)[]> {
    const answers: Promise<Outcome | Problem>[] = [];
    for (const scheduled of due) {
      const order = await this.orderOf(tenantId, ledgerId, scheduled);
      const { outcomes } = await handOver(
        this.engine,
        tenantId,
        ledgerId,
        single({ order, key: keyOf(ledgerId, scheduled) }),
      );
      answers.push(
        outcomes.then(
          ([outcome]) => outcome as Outcome,
          (error: unknown) => this.problemOf(error),
        ),
      );
    }
    return Promise.all(answers);
  }

  private async orderOf(
    tenantId: string,
    ledgerId: string,
    { post_at, request, created_by }: Due,
  ): Promise<Order | Problem> {
    try {
      const order = await this.posting.postingOf({ tenantId, ledgerId, principalId: created_by }, request);
      return order instanceof Problem ? order : { ...order, effectiveAt: order.effectiveAt ?? post_at };
    } catch (error) {
      // what was valid when it was scheduled, and is not any more
      if (error instanceof Problem && error.status < 500) return error;
      throw error;
    }
  }

  /** None where it is not known: then it is still to be posted. */
  private endOf({ id, post_at }: Due, outcome: Outcome | Problem | undefined): Ended[] {
    const failed = (problem: unknown): Ended[] => [{ id, post_at, status: 'failed', transaction_id: null, problem }];
    if (outcome === undefined) return [];
    // a defect would only come back; an outage passes
    if (outcome instanceof Problem) return outcome.type === INTERNAL_ERROR ? failed(this.documentOf(outcome)) : [];
    switch (outcome.kind) {
      case 'recorded':
        return [{ id, post_at, status: 'posted', transaction_id: outcome.transaction.id, problem: null }];
      case 'refused':
        return failed(this.documentOf(outcome.problem));
      case 'stored':
        return failed(outcome.body);
      case 'aborted':
        throw new Error('a single command cannot be aborted');
    }
  }

  private documentOf(problem: Problem) {
    return problemDocument(problem, this.config.http.publicUrl);
  }

  private problemOf(error: unknown): Problem {
    const problem = toProblem(error);
    if (problem.type === INTERNAL_ERROR)
      this.logger.error({ msg: 'a scheduled transaction could not be posted', err: error });
    return problem;
  }
}

/** Remembered for ever, and nobody’s: what is posted later is posted once, whoever asks. */
const keyOf = (ledgerId: string, { id, request }: Due) => ({
  principalId: NIL_UUID,
  operation: 'scheduled-transaction',
  key: id,
  fingerprint: fingerprintOf({ ledgerId, request }),
  keptDays: null,
});
