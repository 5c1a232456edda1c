import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { type ProblemDocument } from '../../../common/problems/problem';
import { TENANT_ID_COLUMN, TENANT_NOW } from '../../../platform/database/columns';
import { LedgerEntity } from './ledger.entity';
import { Transaction } from './transaction.entity';

export const SCHEDULED_STATUSES = ['scheduled', 'posted', 'failed', 'cancelled'] as const;
export type ScheduledStatus = (typeof SCHEDULED_STATUSES)[number];

/** A posting that is to be made at a later time, and what became of it. */
@Entity('scheduled_transactions')
@Index('scheduled_transactions_due', ['dueAt'], { where: `status = 'scheduled'` })
@Index('scheduled_transactions_ledger_due', ['tenantId', 'ledgerId', 'dueAt'], { where: `status = 'scheduled'` })
@Index('scheduled_transactions_by_time', ['tenantId', 'ledgerId', 'postAt', 'id'])
@Index('scheduled_transactions_by_status', ['tenantId', 'ledgerId', 'status', 'postAt', 'id'])
@ForeignKey(() => LedgerEntity, ['tenantId', 'ledgerId'], ['tenantId', 'id'], {
  name: 'scheduled_transactions_ledger_fkey',
})
@ForeignKey(() => Transaction, ['tenantId', 'transactionId'], ['tenantId', 'id'], {
  name: 'scheduled_transactions_transaction_fkey',
})
@Check('scheduled_transactions_status_check', `status IN ('scheduled', 'posted', 'failed', 'cancelled')`)
@Check('scheduled_transactions_ended_check', `(status = 'scheduled') = (ended_at IS NULL)`)
@Check('scheduled_transactions_posted_check', `(status = 'posted') = (transaction_id IS NOT NULL)`)
@Check('scheduled_transactions_failed_check', `(status = 'failed') = (problem IS NOT NULL)`)
@Check('scheduled_transactions_cancelled_check', `(status = 'cancelled') = (cancelled_by IS NOT NULL)`)
@Check('scheduled_transactions_begun_check', `status = 'scheduled' OR (begun_at IS NULL) = (status = 'cancelled')`)
export class ScheduledTransaction {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'ledger_id', type: 'uuid' })
  ledgerId: string;

  @Column({ name: 'post_at', type: 'timestamptz' })
  postAt: Date;

  @Column({ type: 'text', default: 'scheduled' })
  status: ScheduledStatus;

  @Column({ type: 'jsonb', comment: 'The body of a posting, as it came.' })
  request: Record<string, unknown>;

  @Column({
    name: 'due_at',
    type: 'timestamptz',
    comment: 'When a worker should see to it: post_at; once one has begun, the moment at which it is taken for dead.',
  })
  dueAt: Date;

  @Column({
    name: 'begun_at',
    type: 'timestamptz',
    nullable: true,
    comment: 'A worker has taken it to post: too late to cancel.',
  })
  begunAt: Date | null;

  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt: Date | null;

  @Column({ name: 'transaction_id', type: 'uuid', nullable: true })
  transactionId: string | null;

  @Column({ type: 'jsonb', nullable: true })
  problem: ProblemDocument | null;

  @Column({ name: 'cancelled_by', type: 'uuid', nullable: true })
  cancelledBy: string | null;

  @Column({ name: 'created_by', type: 'uuid' })
  createdBy: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;
}
