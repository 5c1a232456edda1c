import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsString, Length, ValidateNested } from 'class-validator';
import { AMOUNT_PATTERN, SIGNED_AMOUNT_PATTERN } from '../../../common/money/amount';
import { type Direction, DIRECTIONS } from '../core/account';
import { IsAmount, IsInstant, MayBeAbsent } from '../../../platform/http/validators';

/** Lines of one statement, at the most. */
const LINES_MAX = 5_000;

const AMOUNT = { type: 'string', example: '25.00' } as const;
const SIGNED = { type: 'string', example: '-25.00' } as const;
const MOMENT = { format: 'date-time', example: '2026-11-21T00:00:00.000Z' } as const;
const REFERENCE = { minLength: 1, maxLength: 255, example: 'order-4711' } as const;
const ID = { format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03' } as const;

export class StatementLineRequest {
  /** The `reference` of the transaction that it should be. Lines of one reference are added up. */
  @ApiProperty(REFERENCE)
  @IsString()
  @Length(1, 255)
  reference: string;

  /** On which side of our account: money that came in is a debit of an asset. */
  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  @IsIn(DIRECTIONS)
  direction: Direction;

  @ApiProperty({ type: 'string', pattern: AMOUNT_PATTERN, maxLength: 60, example: '25.00' })
  @IsAmount(AMOUNT_PATTERN, '25.00')
  amount: string;
}

export class ReconcileRequest {
  @ApiProperty({ minLength: 2, maxLength: 16, example: 'EUR' })
  @IsString()
  @Length(2, 16)
  currency: string;

  /** Transactions effective at or after this moment are compared. */
  @ApiProperty(MOMENT)
  @IsInstant()
  effectiveFrom: string;

  /** … and before this one. */
  @ApiProperty({ format: 'date-time', example: '2026-11-22T00:00:00.000Z' })
  @IsInstant()
  effectiveTo: string;

  /** All that the statement has for this time. */
  @ApiProperty({ type: () => [StatementLineRequest], maxItems: LINES_MAX })
  @IsArray()
  @ArrayMaxSize(LINES_MAX)
  @ValidateNested({ each: true })
  @Type(() => StatementLineRequest)
  lines: StatementLineRequest[];

  /** What the statement says was there just before `effectiveTo`, in the sign of the account’s normal balance. */
  @ApiPropertyOptional({ type: 'string', pattern: SIGNED_AMOUNT_PATTERN, maxLength: 60, example: '1250.00' })
  @MayBeAbsent()
  @IsAmount(SIGNED_AMOUNT_PATTERN, '-25.00')
  closingBalance?: string;
}

export class FoundElsewhere {
  @ApiProperty(ID)
  transactionId: string;

  @ApiProperty(MOMENT)
  effectiveAt: string;
}

export class MissingLine {
  @ApiProperty(REFERENCE)
  reference: string;

  @ApiProperty({ ...SIGNED, description: 'What the statement has, debits positive.' })
  statement: string;

  @ApiProperty({
    type: () => FoundElsewhere,
    nullable: true,
    description: 'The transaction of the ledger with this reference, if it is of another time or another account.',
  })
  elsewhere: FoundElsewhere | null;
}

export class ExtraTransaction {
  @ApiProperty(ID)
  transactionId: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'order-4711' })
  reference: string | null;

  @ApiProperty({ ...SIGNED, description: 'What the ledger has, debits positive.' })
  ledger: string;

  @ApiProperty(MOMENT)
  effectiveAt: string;
}

export class DifferentAmount extends ExtraTransaction {
  @ApiProperty({ ...SIGNED, description: 'What the statement has, debits positive.' })
  statement: string;
}

export class ClosingBalance {
  @ApiProperty(AMOUNT)
  statement: string;

  @ApiProperty(AMOUNT)
  ledger: string;

  @ApiProperty({ ...AMOUNT, example: '0.00', description: 'Statement less ledger.' })
  difference: string;
}

export class ReconciliationResponse {
  @ApiProperty(ID)
  accountId: string;

  @ApiProperty({ example: 'assets:bank:main' })
  account: string;

  @ApiProperty({ example: 'EUR' })
  currency: string;

  @ApiProperty(MOMENT)
  effectiveFrom: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T00:00:00.000Z' })
  effectiveTo: string;

  @ApiProperty({ description: 'Nothing is missing, extra or different, and the closing balance is the same.' })
  reconciled: boolean;

  @ApiProperty({ type: 'integer', example: 120, description: 'References on both sides with the same amount.' })
  matched: number;

  @ApiProperty({ type: () => [MissingLine], description: 'On the statement and not in the ledger.' })
  missing: MissingLine[];

  @ApiProperty({ type: () => [ExtraTransaction], description: 'In the ledger and not on the statement.' })
  extra: ExtraTransaction[];

  @ApiProperty({ type: () => [DifferentAmount], description: 'On both, with different amounts.' })
  different: DifferentAmount[];

  @ApiProperty({ type: () => ClosingBalance, nullable: true, description: 'Null where none was sent.' })
  closing: ClosingBalance | null;
}
