import { Injectable } from '@nestjs/common';
import { formatAmount } from '../../common/money/amount';
import { formatInstant } from '../../common/time/instant';
import { TenantDatabase, type Transaction } from '../../platform/database/tenant-database';
import { LedgersService } from '../transactions';
import { CheckpointsService } from './checkpoints.service';
import { CheckpointResponse } from './dto/checkpoint.dto';
import { type TruthResponse } from './dto/truth.dto';
import { VerificationResponse } from './dto/verification.dto';
import { headOf } from './reading/head-reader';
import { VerificationsService } from './verifications.service';

/** Up to so many entries a request recomputes all of them: some 100 ms. */
const ENTRIES_MAX = 100_000;

const SUMS = `
SELECT b.currency, c.scale, sum(b.posted_debits)::text AS debits, sum(b.posted_credits)::text AS credits, sum(b.version)::text AS entries, count(*)::int AS balances
  FROM balances b LEFT JOIN currencies c ON c.tenant_id = b.tenant_id AND c.code = b.currency
 WHERE b.tenant_id = $1 AND b.ledger_id = $2 GROUP BY b.currency, c.scale ORDER BY b.currency`;

const HELD = `
SELECT e.currency, count(DISTINCT h.transaction_id)::int AS holds, sum(h.remaining[e.position + 1])::text AS held
  FROM holds h JOIN entries e ON e.tenant_id = h.tenant_id AND e.transaction_id = h.transaction_id AND e.direction = 'debit'
 WHERE h.tenant_id = $1 AND h.ledger_id = $2 AND h.status = 'pending' AND (h.expires_at IS NULL OR h.expires_at > tenant_now())
 GROUP BY e.currency`;
const OPEN_HOLDS = `
SELECT count(*)::int AS holds FROM holds h
 WHERE h.tenant_id = $1 AND h.ledger_id = $2 AND h.status = 'pending' AND (h.expires_at IS NULL OR h.expires_at > tenant_now())`;

/** Each balance against the sums of its entries. */
const WITH_ENTRIES = `
SELECT count(*)::int AS differing FROM balances b CROSS JOIN LATERAL (
  SELECT count(*) AS version, COALESCE(max(e.version), 0) AS last,
         COALESCE(sum(e.amount) FILTER (WHERE e.direction = 'debit' AND e.kind NOT IN ('held', 'released')), 0) AS debits,
         COALESCE(sum(e.amount) FILTER (WHERE e.direction = 'credit' AND e.kind NOT IN ('held', 'released')), 0) AS credits,
         COALESCE(sum(CASE e.kind WHEN 'held' THEN e.amount WHEN 'released' THEN -e.amount END) FILTER (WHERE e.direction = 'debit'), 0) AS pending_debits,
         COALESCE(sum(CASE e.kind WHEN 'held' THEN e.amount WHEN 'released' THEN -e.amount END) FILTER (WHERE e.direction = 'credit'), 0) AS pending_credits
    FROM entries e WHERE e.tenant_id = b.tenant_id AND e.account_id = b.account_id AND e.currency = b.currency) s
 WHERE b.tenant_id = $1 AND b.ledger_id = $2
   AND (b.version, b.version, b.posted_debits, b.posted_credits, b.pending_debits, b.pending_credits) <> (s.version, s.last, s.debits, s.credits, s.pending_debits, s.pending_credits)`;

/** Each balance against what its last entry says that it left. */
const WITH_LAST_ENTRIES = `
SELECT count(*)::int AS differing FROM balances b LEFT JOIN LATERAL (
  SELECT e.version, e.balance_after FROM entries e
   WHERE e.tenant_id = b.tenant_id AND e.account_id = b.account_id AND e.currency = b.currency ORDER BY e.version DESC LIMIT 1) e ON true
 WHERE b.tenant_id = $1 AND b.ledger_id = $2
   AND (b.version, b.posted_debits - b.posted_credits) IS DISTINCT FROM (e.version, e.balance_after)`;

/** How a ledger stands right now, and what was last proven of it (REL-12). */
@Injectable()
export class TruthService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly ledgers: LedgersService,
    private readonly checkpoints: CheckpointsService,
    private readonly verifications: VerificationsService,
  ) {}

  /** @throws Problem `ledger-not-found` */
  tell(tenantId: string, ledgerId: string): Promise<TruthResponse> {
    return this.database.run(tenantId, 'read', (transaction) => this.look(transaction, ledgerId), { snapshot: true });
  }

  private async look({ client, tenantId, now }: Transaction, ledgerId: string): Promise<TruthResponse> {
    await this.ledgers.get(ledgerId);
    const ask = async <Row extends object>(sql: string) => (await client.query<Row>(sql, [tenantId, ledgerId])).rows;
    const sums = await ask<SumRow>(SUMS);
    const held = new Map((await ask<HeldRow>(HELD)).map((row) => [row.currency, BigInt(row.held)]));
    const [open] = await ask<{ holds: number }>(OPEN_HOLDS);
    const entries = sums.reduce((sum, row) => sum + BigInt(row.entries), 0n);
    const whole = entries <= ENTRIES_MAX;
    const [compared] = await ask<{ differing: number }>(whole ? WITH_ENTRIES : WITH_LAST_ENTRIES);
    const head = await headOf(client, tenantId, ledgerId);
    const checkpoint = await this.checkpoints.latest(ledgerId);
    const verification = await this.verifications.latest(ledgerId);
    const differing = compared?.differing ?? 0;
    return {
      ledgerId,
      asOf: formatInstant(now),
      balanced: differing === 0 && sums.every(({ debits, credits }) => debits === credits),
      currencies: sums.map((row) => {
        const format = (minor: bigint) => formatAmount(minor, row.scale);
        const [debits, credits] = [BigInt(row.debits), BigInt(row.credits)];
        return {
          currency: row.currency,
          debits: format(debits),
          credits: format(credits),
          difference: format(debits - credits),
          held: format(held.get(row.currency) ?? 0n),
        };
      }),
      compared: {
        with: whole ? 'entries' : 'last-entries',
        balances: sums.reduce((sum, { balances }) => sum + balances, 0),
        differing,
      },
      head: { sequence: Number(head.sequence), hash: head.hash },
      openHolds: open?.holds ?? 0,
      lastCheckpoint: checkpoint && CheckpointResponse.of(checkpoint),
      lastVerification: verification && VerificationResponse.of(verification),
    };
  }
}

interface SumRow {
  readonly currency: string;
  readonly scale: number;
  readonly debits: string;
  readonly credits: string;
  readonly entries: string;
  readonly balances: number;
}

interface HeldRow {
  readonly currency: string;
  readonly held: string;
}
