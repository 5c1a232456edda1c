import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { CUSTOM_CURRENCY_CODE, type ScaleOf } from '../../../common/money/currency';
import { formatInstant } from '../../../common/time/instant';
import { PageOf, PageQuery } from '../../../platform/http/pagination/page.dto';
import {
  ACCOUNT_CODE,
  ACCOUNT_PATTERN,
  ACCOUNT_TYPES,
  type AccountType,
  type Direction,
  DIRECTIONS,
  type Freeze,
  FREEZES,
} from '../core/account';
import { readLimits } from '../core/limits';
import { type Account, ACCOUNT_STATUSES, type AccountStatus } from '../entities/account.entity';
import { CurrencyLimitsRequest, CurrencyLimitsResponse, formatLimits, IsLimits } from './limits.dto';
import { IsMetadata, MayBeAbsent } from '../../../platform/http/validators';

export class CreateAccountRequest {
  /** Segments with colons between; unique in the ledger. */
  @ApiProperty({ maxLength: 255, example: 'assets:bank:main' })
  @IsString()
  @Matches(ACCOUNT_CODE, {
    message: 'code must be segments of letters, digits and _ . - with colons between, 255 characters at the most',
  })
  code: string;

  @ApiProperty({ enum: ACCOUNT_TYPES, example: 'asset' })
  @IsIn(ACCOUNT_TYPES)
  type: AccountType;

  /** The side on which it grows. Default: debit for asset and expense, credit for the others. */
  @ApiPropertyOptional({ enum: DIRECTIONS })
  @IsOptional()
  @IsIn(DIRECTIONS)
  normalBalance?: Direction;

  @ApiPropertyOptional({ type: 'string', nullable: true, maxLength: 200, example: 'Main bank account' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  name?: string | null;

  /** The currencies that it takes; null: any. */
  @ApiPropertyOptional({ type: [String], nullable: true, minItems: 1, maxItems: 50, example: ['EUR'] })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ArrayUnique()
  @Matches(CUSTOM_CURRENCY_CODE, { each: true, message: 'each currency must be a code such as EUR' })
  currencies?: string[] | null;

  /** Per currency. A posting that would break one is refused. */
  @MayBeAbsent()
  @IsLimits()
  limits?: CurrencyLimitsRequest[];

  /** Your own keys: at most 50, 5 levels, 16 KiB. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { iban: 'DE02120300000000202051' } })
  @MayBeAbsent()
  @IsMetadata()
  metadata?: Record<string, unknown>;
}

export class UpdateAccountRequest extends PickType(CreateAccountRequest, [
  'name',
  'currencies',
  'limits',
  'metadata',
] as const) {
  /** Takes no entries of this direction; null lifts it. Holds can still be voided and expire. */
  @ApiPropertyOptional({ enum: FREEZES, nullable: true, example: 'debit' })
  @IsOptional()
  @IsIn(FREEZES)
  frozen?: Freeze | null;

  /** A closed account takes no entries. */
  @ApiPropertyOptional({ enum: ACCOUNT_STATUSES })
  @MayBeAbsent()
  @IsIn(ACCOUNT_STATUSES)
  status?: AccountStatus;
}

export class AccountQuery extends PageQuery {
  /** Codes that begin with this. */
  @ApiPropertyOptional({ maxLength: 255, example: 'assets:' })
  @IsOptional()
  @IsString()
  @MaxLength(255)
  prefix?: string;

  /** Codes of this pattern: `*` is any one segment, a last `**` one or more. */
  @ApiPropertyOptional({ maxLength: 255, example: 'users:*:wallet' })
  @MayBeAbsent()
  @Matches(ACCOUNT_PATTERN, {
    message: 'code must be an account code, in which a segment may be * and the last one **',
  })
  code?: string;

  @ApiPropertyOptional({ enum: ACCOUNT_TYPES })
  @MayBeAbsent()
  @IsIn(ACCOUNT_TYPES)
  type?: AccountType;

  @ApiPropertyOptional({ enum: ACCOUNT_STATUSES })
  @MayBeAbsent()
  @IsIn(ACCOUNT_STATUSES)
  status?: AccountStatus;
}

export class AccountResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02' })
  id: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  @ApiProperty({ example: 'assets:bank:main' })
  code: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'Main bank account' })
  name: string | null;

  @ApiProperty({ enum: ACCOUNT_TYPES, example: 'asset' })
  type: AccountType;

  @ApiProperty({ enum: DIRECTIONS, example: 'debit', description: 'The side on which it grows.' })
  normalBalance: Direction;

  @ApiProperty({ type: [String], nullable: true, example: ['EUR'], description: 'null: any.' })
  currencies: string[] | null;

  @ApiProperty({ enum: ACCOUNT_STATUSES, example: 'open' })
  status: AccountStatus;

  @ApiProperty({ enum: FREEZES, nullable: true, example: null, description: 'Takes no entries of this direction.' })
  frozen: Freeze | null;

  @ApiProperty({ type: () => [CurrencyLimitsResponse] })
  limits: CurrencyLimitsResponse[];

  @ApiProperty({ type: 'object', additionalProperties: true, example: {} })
  metadata: Record<string, unknown>;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  updatedAt: string;

  /** @param scaleOf knows every currency of the limits */
  static of(account: Account, scaleOf: ScaleOf): AccountResponse {
    return {
      id: account.id,
      ledgerId: account.ledgerId,
      code: account.code,
      name: account.name,
      type: account.type,
      normalBalance: account.normalBalance,
      currencies: account.currencies,
      status: account.status,
      frozen: account.frozen,
      limits: formatLimits(readLimits(account.limits), scaleOf),
      metadata: account.metadata,
      createdAt: formatInstant(account.createdAt),
      updatedAt: formatInstant(account.updatedAt),
    };
  }
}

export class AccountPage extends PageOf(AccountResponse) {}
