import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsString, Length, Matches, Max, Min } from 'class-validator';
import { CUSTOM_CURRENCY_CODE, MAX_SCALE } from '../../../common/money/currency';
import { PageOf } from '../../../platform/http/pagination/page.dto';

export class CreateCurrencyRequest {
  /** 2 to 16 of A-Z, 0-9 and the dot; not a code of ISO 4217. */
  @ApiProperty({ pattern: CUSTOM_CURRENCY_CODE.source, example: 'POINTS' })
  @IsString()
  @Matches(CUSTOM_CURRENCY_CODE, { message: 'code must be 2 to 16 of A-Z, 0-9 and the dot' })
  code: string;

  /** Decimals. It never changes. */
  @ApiProperty({ type: 'integer', minimum: 0, maximum: MAX_SCALE, example: 0 })
  @IsInt()
  @Min(0)
  @Max(MAX_SCALE)
  scale: number;

  @ApiProperty({ minLength: 1, maxLength: 120, example: 'Loyalty points' })
  @IsString()
  @Length(1, 120)
  name: string;
}

export class CurrencyResponse {
  @ApiProperty({ example: 'POINTS' })
  code: string;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: MAX_SCALE, example: 0, description: 'Decimals.' })
  scale: number;

  @ApiProperty({ example: 'Loyalty points' })
  name: string;

  @ApiProperty({ example: true, description: 'false: of ISO 4217, adopted on first use.' })
  custom: boolean;
}

export class CurrencyPage extends PageOf(CurrencyResponse) {}
