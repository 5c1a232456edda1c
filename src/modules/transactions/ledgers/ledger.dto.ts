import { ApiProperty, ApiPropertyOptional, PartialType, PickType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import {
  type LedgerEntity,
  LEDGER_STATUSES,
  type LedgerStatus,
  UNKNOWN_ACCOUNTS,
  type UnknownAccounts,
} from '../entities/ledger.entity';
import { IsMetadata, MayBeAbsent } from '../../../platform/http/validators';

export class CreateLedgerRequest {
  /** Unique in the tenant. */
  @ApiProperty({ minLength: 1, maxLength: 120, example: 'Main book' })
  @IsString()
  @Length(1, 120)
  name: string;

  @ApiPropertyOptional({ type: 'string', nullable: true, maxLength: 1000, example: 'The company’s own books' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  description?: string | null;

  /**
   * What becomes of a posting to an account that is not there: `refused` (a strict ledger), or the account is `created`
   * from the account template that its code matches, else with the type that its first segment names (an open ledger).
   */
  @ApiPropertyOptional({ enum: UNKNOWN_ACCOUNTS, default: 'refused' })
  @MayBeAbsent()
  @IsIn(UNKNOWN_ACCOUNTS)
  unknownAccounts?: UnknownAccounts;

  /** Your own keys: at most 50, 5 levels, 16 KiB. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { region: 'eu' } })
  @MayBeAbsent()
  @IsMetadata()
  metadata?: Record<string, unknown>;
}

export class UpdateLedgerRequest extends PartialType(
  PickType(CreateLedgerRequest, ['name', 'description', 'unknownAccounts', 'metadata'] as const),
  { skipNullProperties: false },
) {
  /** A closed ledger takes no transactions. */
  @ApiPropertyOptional({ enum: LEDGER_STATUSES })
  @MayBeAbsent()
  @IsIn(LEDGER_STATUSES)
  status?: LedgerStatus;
}

export class LedgerResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  id: string;

  @ApiProperty({ example: 'Main book' })
  name: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'The company’s own books' })
  description: string | null;

  @ApiProperty({ enum: LEDGER_STATUSES, example: 'open' })
  status: LedgerStatus;

  @ApiProperty({ enum: UNKNOWN_ACCOUNTS, example: 'refused' })
  unknownAccounts: UnknownAccounts;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { region: 'eu' } })
  metadata: Record<string, unknown>;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  updatedAt: string;

  static of(ledger: LedgerEntity): LedgerResponse {
    return {
      id: ledger.id,
      name: ledger.name,
      description: ledger.description,
      status: ledger.status,
      unknownAccounts: ledger.unknownAccounts,
      metadata: ledger.metadata,
      createdAt: formatInstant(ledger.createdAt),
      updatedAt: formatInstant(ledger.updatedAt),
    };
  }
}

export class LedgerPage extends PageOf(LedgerResponse) {}
