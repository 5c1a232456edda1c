import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { AMOUNT_PATTERN, formatAmount } from '../../../common/money/amount';
import { formatInstant } from '../../../common/time/instant';
import { PageOf, PageQuery } from '../../../platform/http/pagination/page.dto';
import { type Direction, DIRECTIONS } from '../core/account';
import { type PostedTransaction } from '../core/posting';
import { IsInstant, IsMetadata } from './validators';

/** Entries of one transaction, at the most. */
export const ENTRIES_MAX = 1000;

export class EntryRequest {
  /** Code or id of an account of the ledger. */
  @ApiProperty({ minLength: 1, maxLength: 255, example: 'assets:bank:main' })
  @IsString()
  @Length(1, 255)
  account: string;

  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  @IsIn(DIRECTIONS)
  direction: Direction;

  /** Decimal string above zero, with at most as many decimals as the currency has. */
  @ApiProperty({ type: 'string', pattern: AMOUNT_PATTERN, maxLength: 60, example: '25.00' })
  @IsString({ message: 'amount must be a decimal string, such as "25.00"' })
  @MaxLength(60)
  @Matches(new RegExp(AMOUNT_PATTERN), {
    message: 'amount must be a decimal string, such as "25.00": no sign, exponent, space or leading zero',
  })
  amount: string;

  /** ISO 4217, or one of this tenant's own. */
  @ApiProperty({ minLength: 2, maxLength: 16, example: 'EUR' })
  @IsString()
  @Length(2, 16)
  currency: string;
}

export class PostTransactionRequest {
  /** Your own name for it; unique in the ledger. */
  @ApiPropertyOptional({ type: 'string', nullable: true, minLength: 1, maxLength: 255, example: 'order-4711' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  reference?: string | null;

  @ApiPropertyOptional({ type: 'string', nullable: true, maxLength: 1000, example: 'Order 4711' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  description?: string | null;

  /** When it happened; default: when it is posted. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-21T10:15:00Z' })
  @IsOptional()
  @IsInstant()
  effectiveAt?: string;

  /** Two or more; debits equal credits in each currency. */
  @ApiProperty({
    type: () => [EntryRequest],
    minItems: 2,
    maxItems: ENTRIES_MAX,
    example: [
      { account: 'assets:bank:main', direction: 'debit', amount: '25.00', currency: 'EUR' },
      { account: 'revenue:sales', direction: 'credit', amount: '25.00', currency: 'EUR' },
    ],
  })
  @IsArray()
  @ArrayMinSize(2)
  @ArrayMaxSize(ENTRIES_MAX)
  @ValidateNested({ each: true })
  @Type(() => EntryRequest)
  entries: EntryRequest[];

  /** Your own keys: at most 50, 5 levels, 16 KiB. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { channel: 'web' } })
  @IsOptional()
  @IsMetadata()
  metadata?: Record<string, unknown>;
}

export class EntryResponse {
  @ApiProperty({ example: 'assets:bank:main' })
  account: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02' })
  accountId: string;

  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  direction: Direction;

  @ApiProperty({ type: 'string', example: '25.00' })
  amount: string;

  @ApiProperty({ example: 'EUR' })
  currency: string;
}

export class TransactionResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b03' })
  id: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1, description: 'Place in the ledger: from 1, without gaps.' })
  sequence: number;

  @ApiProperty({ enum: ['posted'], example: 'posted' })
  status: 'posted';

  @ApiProperty({ type: 'string', nullable: true, example: 'order-4711' })
  reference: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'Order 4711' })
  description: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z', description: 'When it happened.' })
  effectiveAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.123Z', description: 'When the ledger knew.' })
  createdAt: string;

  @ApiProperty({
    format: 'uuid',
    example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b00',
    description: 'The person who posted it.',
  })
  createdBy: string;

  @ApiProperty({ type: () => [EntryResponse] })
  entries: EntryResponse[];

  @ApiProperty({ type: 'object', additionalProperties: true, example: { channel: 'web' } })
  metadata: Record<string, unknown>;

  static of(transaction: PostedTransaction): TransactionResponse {
    return {
      id: transaction.id,
      ledgerId: transaction.ledgerId,
      sequence: Number(transaction.sequence),
      status: transaction.status,
      reference: transaction.reference,
      description: transaction.description,
      effectiveAt: formatInstant(transaction.effectiveAt),
      createdAt: formatInstant(transaction.createdAt),
      createdBy: transaction.createdBy,
      entries: transaction.entries.map((entry) => ({
        account: entry.account,
        accountId: entry.accountId,
        direction: entry.direction,
        amount: formatAmount(entry.amount, entry.scale),
        currency: entry.currency,
      })),
      metadata: { ...transaction.metadata },
    };
  }
}

export class TransactionPage extends PageOf(TransactionResponse) {}

export class TransactionQuery extends PageQuery {
  /** The one with this reference. */
  @ApiPropertyOptional({ minLength: 1, maxLength: 255, example: 'order-4711' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  reference?: string;
}
