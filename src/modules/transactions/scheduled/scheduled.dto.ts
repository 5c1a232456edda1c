import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsObject, ValidateNested } from 'class-validator';
import { type ProblemDocument } from '../../../common/problems/problem';
import { formatInstant } from '../../../common/time/instant';
import { PageOf, PageQuery } from '../../../platform/http/pagination/page.dto';
import { PostTransactionRequest } from '../posting/transaction.dto';
import { IsInstant, MayBeAbsent } from '../../../platform/http/validators';
import {
  SCHEDULED_STATUSES,
  type ScheduledStatus,
  type ScheduledTransaction,
} from '../entities/scheduled-transaction.entity';

export class ScheduleTransactionRequest {
  /** In the future. It is posted within a second of it, as long as a worker runs; else as soon as one does. */
  @ApiProperty({ format: 'date-time', example: '2026-12-01T06:00:00Z' })
  @IsInstant()
  postAt: string;

  /** As `POST …/transactions` takes it. Without an `effectiveAt` it is effective at `postAt`. */
  @ApiProperty({ type: () => PostTransactionRequest })
  @IsObject()
  @ValidateNested()
  @Type(() => PostTransactionRequest)
  transaction: PostTransactionRequest;
}

export class ScheduledQuery extends PageQuery {
  @ApiPropertyOptional({ enum: SCHEDULED_STATUSES, example: 'scheduled' })
  @MayBeAbsent()
  @IsIn(SCHEDULED_STATUSES)
  status?: ScheduledStatus;
}

const instant = { type: 'string', format: 'date-time' } as const;

export class ScheduledTransactionResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b07' })
  id: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  /** `scheduled` until it is one of the others, which are final. */
  @ApiProperty({ enum: SCHEDULED_STATUSES, example: 'scheduled' })
  status: ScheduledStatus;

  @ApiProperty({ ...instant, example: '2026-12-01T06:00:00.000Z' })
  postAt: string;

  /** As it was sent. */
  @ApiProperty({ type: () => PostTransactionRequest })
  transaction: object;

  /** Of a posted one: the transaction. */
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: null })
  transactionId: string | null;

  /** Of a failed one: what `POST …/transactions` would have answered. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: null })
  problem: ProblemDocument | null;

  /** The person who scheduled it; the transaction is theirs, too. */
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b00' })
  createdBy: string;

  @ApiProperty({ ...instant, example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  /** When it was posted, failed or was cancelled. */
  @ApiProperty({ ...instant, nullable: true, example: null })
  endedAt: string | null;

  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: null })
  cancelledBy: string | null;

  static of(scheduled: ScheduledTransaction): ScheduledTransactionResponse {
    const { id, ledgerId, status, request, transactionId, problem, createdBy, cancelledBy } = scheduled;
    return {
      id,
      ledgerId,
      status,
      postAt: formatInstant(scheduled.postAt),
      transaction: request,
      transactionId,
      problem,
      createdBy,
      createdAt: formatInstant(scheduled.createdAt),
      endedAt: scheduled.endedAt && formatInstant(scheduled.endedAt),
      cancelledBy,
    };
  }
}

export class ScheduledTransactionPage extends PageOf(ScheduledTransactionResponse) {}
