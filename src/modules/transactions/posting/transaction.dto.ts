import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { AMOUNT_PATTERN, SIGNED_AMOUNT_PATTERN } from '../../../common/money/amount';
import { objectOf, oneOf, SurelyValidIf } from '../../../platform/http/surely-valid';
import { type Direction, DIRECTIONS } from '../core/account';
import { surelyValidPosting } from './surely-valid-posting';
import { IsAmount, IsInstant, IsMetadata, MayBeAbsent } from '../../../platform/http/validators';

/** Entries of one transaction, at the most. */
export const ENTRIES_MAX = 1000;

/** Part of a hold or of a posted transaction. */
class PartEntryRequest {
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

export class EntryRequest extends PartEntryRequest {
  /** Refused unless the balance (account and currency) is at this version before the transaction; 0: no entries yet. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, example: 7 })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  ifVersion?: number;

  /** Refused unless the available balance is at least so much after the transaction. */
  @ApiPropertyOptional({ type: 'string', pattern: SIGNED_AMOUNT_PATTERN, maxLength: 60, example: '0.00' })
  @MayBeAbsent()
  @IsAmount(SIGNED_AMOUNT_PATTERN, '-25.00')
  ifAvailableAtLeast?: string;

  /** Refused unless the available balance is at most so much after the transaction. */
  @ApiPropertyOptional({ type: 'string', pattern: SIGNED_AMOUNT_PATTERN, maxLength: 60, example: '10000.00' })
  @MayBeAbsent()
  @IsAmount(SIGNED_AMOUNT_PATTERN, '-25.00')
  ifAvailableAtMost?: string;
}

/** What every request for a change of the ledger may say of it. */
export class RecordRequest {
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

  /** Your own keys: at most 50, 5 levels, 16 KiB. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { channel: 'web' } })
  @IsOptional()
  @IsMetadata()
  metadata?: Record<string, unknown>;
}

/** A transaction template, and what is filled in. */
export class TemplateUse {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'card-payment' })
  @IsString()
  @Length(1, 100)
  name: string;

  /** Default: the latest. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 1 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  version?: number;

  /** By the names of the template's parameters. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { amount: '100.00', seller: 'acme' } })
  @MayBeAbsent()
  @IsObject()
  parameters?: Record<string, unknown>;
}

@SurelyValidIf(surelyValidPosting(ENTRIES_MAX))
export class PostTransactionRequest extends RecordRequest {
  /** `pending` makes a hold: the amounts are reserved until it is captured, voided or expires. */
  @ApiPropertyOptional({ enum: ['posted', 'pending'], default: 'posted' })
  @MayBeAbsent()
  @IsIn(['posted', 'pending'])
  status?: 'posted' | 'pending';

  /** Of a pending one: when it ends by itself. Without it, it does not. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-28T10:15:00Z' })
  @MayBeAbsent()
  @IsInstant()
  expiresAt?: string;

  /** Makes the entries, and reference, description and metadata where it has them and the request has not. */
  @ApiPropertyOptional({ type: () => TemplateUse })
  @MayBeAbsent()
  @ValidateNested()
  @Type(() => TemplateUse)
  template?: TemplateUse;

  /** Two or more; debits equal credits in each currency. Required, unless there is a template. */
  @ApiPropertyOptional({
    type: () => [EntryRequest],
    minItems: 2,
    maxItems: ENTRIES_MAX,
    example: [
      { account: 'assets:bank:main', direction: 'debit', amount: '25.00', currency: 'EUR' },
      { account: 'revenue:sales', direction: 'credit', amount: '25.00', currency: 'EUR' },
    ],
  })
  @ValidateIf(({ entries, template }: PostTransactionRequest) => template === undefined || entries !== undefined)
  @IsArray()
  @ArrayMinSize(2)
  @ArrayMaxSize(ENTRIES_MAX)
  @ValidateNested({ each: true })
  @Type(() => EntryRequest)
  entries?: EntryRequest[];
}

class PartRequest extends RecordRequest {
  /** How much, where there is one currency. Without `amount` and `entries`: all that is left. */
  @ApiPropertyOptional({ type: 'string', pattern: AMOUNT_PATTERN, maxLength: 60, example: '10.00' })
  @MayBeAbsent()
  @IsAmount(AMOUNT_PATTERN, '25.00')
  amount?: string;

  /** How much of which entries, in their direction; they balance. Instead of `amount`. */
  @ApiPropertyOptional({ type: () => [PartEntryRequest], minItems: 2, maxItems: ENTRIES_MAX })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(2)
  @ArrayMaxSize(ENTRIES_MAX)
  @ValidateNested({ each: true })
  @Type(() => PartEntryRequest)
  entries?: PartEntryRequest[];
}

export class CaptureRequest extends PartRequest {
  /** Free what is left of the hold after this capture. */
  @ApiPropertyOptional({ type: 'boolean', default: false })
  @MayBeAbsent()
  @IsBoolean()
  releaseRest?: boolean;
}

export class VoidRequest extends RecordRequest {}

export class ReverseRequest extends PartRequest {}

const FLAG = ['true', 'false'] as const;

@SurelyValidIf(objectOf({}, { dryRun: oneOf(...FLAG), balances: oneOf(...FLAG) }))
export class PostTransactionQuery {
  /** The exact answer, and nothing changes: no Idempotency-Key is needed and none is used up. */
  @ApiPropertyOptional({ enum: FLAG, default: 'false' })
  @MayBeAbsent()
  @IsIn(FLAG)
  dryRun?: (typeof FLAG)[number];

  /** The answer carries the balances right after the transaction. */
  @ApiPropertyOptional({ enum: FLAG, default: 'false' })
  @MayBeAbsent()
  @IsIn(FLAG)
  balances?: (typeof FLAG)[number];
}
