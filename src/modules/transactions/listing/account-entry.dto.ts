import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { CUSTOM_CURRENCY_CODE } from '../../../common/money/currency';
import { PageOf, PageQuery } from '../../../platform/http/pagination/page.dto';
import { type Direction, DIRECTIONS } from '../core/account';
import { ENTRY_KINDS, type EntryKind } from '../core/recorded';
import { IsInstant, MayBeAbsent } from '../../../platform/http/validators';

const AMOUNT = { type: 'string', example: '25.00' } as const;
const MOMENT = { format: 'date-time', example: '2026-11-21T10:15:00Z' } as const;

export class AccountEntryQuery extends PageQuery {
  /** Of this currency. */
  @ApiPropertyOptional({ example: 'EUR' })
  @MayBeAbsent()
  @Matches(CUSTOM_CURRENCY_CODE, { message: 'currency must be a code such as EUR' })
  currency?: string;

  /** Of this kind. */
  @ApiPropertyOptional({ enum: ENTRY_KINDS })
  @MayBeAbsent()
  @IsIn(ENTRY_KINDS)
  kind?: EntryKind;

  /** Effective at or after this moment. */
  @ApiPropertyOptional(MOMENT)
  @MayBeAbsent()
  @IsInstant()
  effectiveFrom?: string;

  /** Effective before this moment. */
  @ApiPropertyOptional(MOMENT)
  @MayBeAbsent()
  @IsInstant()
  effectiveTo?: string;

  /** Recorded at or after this moment. */
  @ApiPropertyOptional(MOMENT)
  @MayBeAbsent()
  @IsInstant()
  createdFrom?: string;

  /** Recorded before this moment. */
  @ApiPropertyOptional(MOMENT)
  @MayBeAbsent()
  @IsInstant()
  createdTo?: string;
}

export class AccountEntryResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03' })
  transactionId: string;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    example: 1,
    description: 'Place of the entry in the balance of this currency.',
  })
  version: number;

  @ApiProperty({
    enum: ENTRY_KINDS,
    example: 'posted',
    description: '`held` and `released` move the pending balance, the others the posted one.',
  })
  kind: EntryKind;

  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  direction: Direction;

  @ApiProperty(AMOUNT)
  amount: string;

  @ApiProperty({ example: 'EUR' })
  currency: string;

  @ApiProperty({ ...AMOUNT, description: 'Posted debits minus credits after the entry.' })
  balanceAfter: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  effectiveAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;
}

export class AccountEntryPage extends PageOf(AccountEntryResponse) {}
