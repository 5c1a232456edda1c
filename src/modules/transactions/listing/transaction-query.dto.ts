import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { AMOUNT_PATTERN } from '../../../common/money/amount';
import { CUSTOM_CURRENCY_CODE } from '../../../common/money/currency';
import { PageQuery } from '../../../platform/http/pagination/page.dto';
import { TRANSACTION_KINDS, type TransactionKind } from '../core/recorded';
import { TRANSACTION_STATUSES, type TransactionStatus } from '../engine/replay';
import { IsAmount, IsInstant } from '../../../platform/http/validators';

/** Characters that PostgreSQL can hold: all but NUL. */
const IsStorable = () => Matches(/^[^\0]*$/u, { message: '$property must not contain the character NUL' });

const IsWord = (example: string) =>
  applyDecorators(
    ApiPropertyOptional({ minLength: 1, maxLength: 255, example }),
    IsOptional(),
    IsString(),
    Length(1, 255),
    IsStorable(),
  );

const IsMoment = () =>
  applyDecorators(
    ApiPropertyOptional({ format: 'date-time', example: '2026-11-21T10:15:00Z' }),
    IsOptional(),
    IsInstant(),
  );

const IsBound = (example: string) =>
  applyDecorators(
    ApiPropertyOptional({ type: 'string', pattern: AMOUNT_PATTERN, maxLength: 60, example }),
    IsOptional(),
    IsAmount(AMOUNT_PATTERN, example),
  );

/** What a list of transactions is narrowed to. All that is given must be met. */
export class TransactionFilterQuery extends PageQuery {
  /** The one with this reference. */
  @IsWord('order-4711')
  reference?: string;

  /** References that begin with this. */
  @IsWord('order-')
  referencePrefix?: string;

  /** Id or code of an account: transactions with an entry of it. */
  @IsWord('assets:bank:main')
  account?: string;

  /** Transactions with an entry of an account whose code begins with this. */
  @IsWord('assets:')
  accountPrefix?: string;

  /** Transactions with an entry in it; together with an account, one and the same entry. */
  @ApiPropertyOptional({ minLength: 2, maxLength: 16, example: 'EUR' })
  @IsOptional()
  @IsString()
  @Matches(CUSTOM_CURRENCY_CODE, { message: 'currency must be a code such as EUR' })
  currency?: string;

  @ApiPropertyOptional({ enum: TRANSACTION_KINDS, example: 'posting' })
  @IsOptional()
  @IsIn(TRANSACTION_KINDS)
  kind?: TransactionKind;

  /** As answers show it. */
  @ApiPropertyOptional({ enum: TRANSACTION_STATUSES, example: 'posted' })
  @IsOptional()
  @IsIn(TRANSACTION_STATUSES)
  status?: TransactionStatus;

  /** Transactions that debit some account with this much of `currency`, or more. */
  @IsBound('10.00')
  amountFrom?: string;

  /** Transactions that debit some account with this much of `currency`, or less. */
  @IsBound('99.99')
  amountTo?: string;

  /** Effective at this time or later. */
  @IsMoment()
  effectiveFrom?: string;

  /** Effective before this time. */
  @IsMoment()
  effectiveTo?: string;

  /** Recorded at this time or later. */
  @IsMoment()
  createdFrom?: string;

  /** Recorded before this time. */
  @IsMoment()
  createdTo?: string;

  /** A key at the top of the metadata; with `metadataValue`. */
  @IsWord('channel')
  metadataKey?: string;

  /** What that key has: a string, number or boolean, as text, of at most 255 characters. */
  @ApiPropertyOptional({ maxLength: 255, example: 'web' })
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @IsStorable()
  metadataValue?: string;
}
