import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { AMOUNT_PATTERN } from '../../../common/money/amount';
import { IsAmount } from '../../../platform/http/validators';

/** An amount of a currency, as it comes in and goes out: `@ValidateNested() @Type(() => Money)`. */
export class Money {
  /** Decimal string, not below zero, with at most as many decimals as the currency has. */
  @ApiProperty({ type: 'string', pattern: AMOUNT_PATTERN, maxLength: 60, example: '25.00' })
  @IsAmount(AMOUNT_PATTERN, '25.00')
  amount: string;

  /** ISO 4217, or one of this tenant's own. */
  @ApiProperty({ minLength: 2, maxLength: 16, example: 'EUR' })
  @IsString()
  @Length(2, 16)
  currency: string;
}

/** The same as it is kept: `numeric(38,0)` with `bigintTransformer`, and a code that refers to `currencies`. */
export interface StoredMoney {
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
}
