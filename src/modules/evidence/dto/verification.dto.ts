import { ApiProperty } from '@nestjs/swagger';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { type Finding, RULES, type Rule } from '../core/findings';
import { type Verification } from '../entities/verification.entity';

export class FindingResponse implements Finding {
  @ApiProperty({ enum: RULES, description: 'What it breaks.', example: 'hash' })
  rule: Rule;

  @ApiProperty({ description: 'The row.', example: 'transaction 019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03' })
  object: string;

  @ApiProperty({ example: 'sequence 1201: the row, or the one before it, is not what was recorded' })
  detail: string;
}

export class VerificationResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b41' })
  id: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  /** Null: from the command line. */
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b09' })
  jobId: string | null;

  /** Where the ledger stood at the moment that was verified: all transactions up to this one. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 1500 })
  sequence: number;

  @ApiProperty({ type: 'integer', minimum: 0, example: 3000 })
  entries: number;

  @ApiProperty({ type: 'integer', minimum: 0, example: 42 })
  balances: number;

  @ApiProperty({ type: 'integer', minimum: 0, example: 2 })
  checkpoints: number;

  /** 0: all is as it was recorded. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 0 })
  findingCount: number;

  @ApiProperty({ type: () => [FindingResponse], description: 'The first hundred.' })
  findings: FindingResponse[];

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  startedAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:04.000Z' })
  finishedAt: string;

  static of(found: Verification): VerificationResponse {
    return {
      id: found.id,
      ledgerId: found.ledgerId,
      jobId: found.jobId,
      sequence: Number(found.sequence),
      entries: Number(found.entries),
      balances: Number(found.balances),
      checkpoints: Number(found.checkpoints),
      findingCount: Number(found.findingCount),
      findings: found.findings,
      startedAt: formatInstant(found.startedAt),
      finishedAt: formatInstant(found.finishedAt),
    };
  }
}

export class VerificationPage extends PageOf(VerificationResponse) {}
