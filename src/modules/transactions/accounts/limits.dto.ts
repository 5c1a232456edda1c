import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { AMOUNT_PATTERN, formatAmount, SIGNED_AMOUNT_PATTERN } from '../../../common/money/amount';
import { CUSTOM_CURRENCY_CODE, type ScaleOf } from '../../../common/money/currency';
import { VALIDATION_FAILED } from '../../../common/problems/http.problems';
import { Problem, type ProblemType } from '../../../common/problems/problem';
import { DURATION_PATTERN, formatDuration, parseDuration } from '../../../common/time/duration';
import { formatInstant, parseInstant } from '../../../common/time/instant';
import { type Direction, DIRECTIONS } from '../core/account';
import { amountAt } from '../core/amount-at';
import { type CurrencyLimits } from '../core/limits';
import { UNKNOWN_CURRENCY } from '../core/refusals.errors';
import { IsAmount, IsInstant, MayBeAbsent } from '../../../platform/http/validators';

/** Longest window of a velocity limit, in seconds: a leap year. Every entry in it counts with each posting. */
const WINDOW_MAX = 366 * 86_400;
const COUNT_MAX = 1_000_000;
const CURRENCIES_MAX = 50;
const VELOCITY_MAX = 10;

const IsWindow = () =>
  ValidateBy({
    name: 'isWindow',
    validator: {
      validate: (value: unknown) => {
        const seconds = parseDuration(value);
        return seconds !== undefined && seconds > 0 && seconds <= WINDOW_MAX;
      },
      defaultMessage: () =>
        '$property must be an ISO 8601 duration of whole weeks, days, hours, minutes or seconds, such as P1D, of 366 days at the most',
    },
  });

const WINDOW = { type: 'string', pattern: DURATION_PATTERN, example: 'P1D' } as const;
const AMOUNT = { type: 'string', pattern: AMOUNT_PATTERN, maxLength: 60 } as const;
const SIGNED_AMOUNT = { type: 'string', pattern: SIGNED_AMOUNT_PATTERN, maxLength: 60 } as const;

/** How far below the minimum the account may go. */
export class CreditLineRequest {
  @ApiProperty({ ...AMOUNT, example: '500.00', description: 'Above zero.' })
  @IsAmount(AMOUNT_PATTERN, '500.00')
  amount: string;

  /** From this moment on; null: since ever. */
  @ApiPropertyOptional({ type: 'string', format: 'date-time', nullable: true, example: '2026-01-01T00:00:00Z' })
  @IsOptional()
  @IsInstant()
  from?: string | null;

  /** Before this moment; null: for ever. */
  @ApiPropertyOptional({ type: 'string', format: 'date-time', nullable: true, example: null })
  @IsOptional()
  @IsInstant()
  until?: string | null;
}

/** At most so much, so many entries, or both, in any stretch of time as long as the window. */
export class VelocityLimitRequest {
  /** Entries of this direction count. */
  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  @IsIn(DIRECTIONS)
  direction: Direction;

  /** ISO 8601 duration of whole weeks, days, hours, minutes or seconds; 366 days at the most. A day has 24 hours. */
  @ApiProperty(WINDOW)
  @IsWindow()
  window: string;

  /** Sum of the entries in the window; null: any. */
  @ApiPropertyOptional({ ...AMOUNT, type: 'string', nullable: true, example: '1000.00' })
  @IsOptional()
  @IsAmount(AMOUNT_PATTERN, '1000.00')
  amount?: string | null;

  /** Entries in the window; null: any. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, maximum: COUNT_MAX, example: 10 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(COUNT_MAX)
  count?: number | null;
}

/** Limits of an account in one currency. Amounts are on the account's normal side. */
export class CurrencyLimitsRequest {
  @ApiProperty({ pattern: CUSTOM_CURRENCY_CODE.source, example: 'EUR' })
  @IsString()
  @Matches(CUSTOM_CURRENCY_CODE, { message: 'currency must be a code such as EUR' })
  currency: string;

  /** Lowest available balance; null: none. */
  @ApiPropertyOptional({ ...SIGNED_AMOUNT, type: 'string', nullable: true, example: '0.00' })
  @IsOptional()
  @IsAmount(SIGNED_AMOUNT_PATTERN, '0.00')
  minimumAvailable?: string | null;

  /** Highest balance, incoming holds included; null: none. */
  @ApiPropertyOptional({ ...SIGNED_AMOUNT, type: 'string', nullable: true, example: '10000.00' })
  @IsOptional()
  @IsAmount(SIGNED_AMOUNT_PATTERN, '10000.00')
  maximumAvailable?: string | null;

  /** Needs a `minimumAvailable`, which it lowers while it is valid. */
  @ApiPropertyOptional({ type: () => CreditLineRequest, nullable: true })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => CreditLineRequest)
  creditLine?: CreditLineRequest | null;

  /** One per direction and window at the most. */
  @ApiPropertyOptional({ type: () => [VelocityLimitRequest], maxItems: VELOCITY_MAX })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(VELOCITY_MAX)
  @ValidateNested({ each: true })
  @Type(() => VelocityLimitRequest)
  velocity?: VelocityLimitRequest[];
}

/** A property that has the limits of an account: one item per currency. */
export const IsLimits = () =>
  applyDecorators(
    ApiPropertyOptional({ type: () => [CurrencyLimitsRequest], maxItems: CURRENCIES_MAX }),
    IsArray(),
    ArrayMaxSize(CURRENCIES_MAX),
    ArrayUnique((limits: Partial<CurrencyLimitsRequest> | null | undefined) => limits?.currency, {
      message: 'limits must name each currency once',
    }),
    ValidateNested({ each: true }),
    Type(() => CurrencyLimitsRequest),
  );

export class CreditLineResponse {
  @ApiProperty({ type: 'string', example: '500.00' })
  amount: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: '2026-01-01T00:00:00.000Z' })
  from: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  until: string | null;
}

export class VelocityLimitResponse {
  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  direction: Direction;

  @ApiProperty({ ...WINDOW, description: 'In days, hours, minutes and seconds.' })
  window: string;

  @ApiProperty({ type: 'string', nullable: true, example: '1000.00' })
  amount: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 10 })
  count: number | null;
}

export class CurrencyLimitsResponse {
  @ApiProperty({ example: 'EUR' })
  currency: string;

  @ApiProperty({ type: 'string', nullable: true, example: '0.00', description: 'Lowest available balance.' })
  minimumAvailable: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    example: '10000.00',
    description: 'Highest balance, incoming holds included.',
  })
  maximumAvailable: string | null;

  @ApiProperty({ type: () => CreditLineResponse, nullable: true })
  creditLine: CreditLineResponse | null;

  @ApiProperty({ type: () => [VelocityLimitResponse] })
  velocity: VelocityLimitResponse[];
}

/**
 * Limits as they came, in minor units.
 * @param pointer where they stand in the body
 * @throws Problem `unknown-currency`, `amount-precision`, `amount-out-of-range`, `validation-failed` where parts of them
 *   contradict each other
 */
export function parseLimits(
  request: readonly CurrencyLimitsRequest[],
  scaleOf: ScaleOf,
  pointer = '/limits',
): CurrencyLimits[] {
  return request.map((item, index) => parseOne(item, scaleOf, `${pointer}/${index}`));
}

function parseOne(request: CurrencyLimitsRequest, scaleOf: ScaleOf, pointer: string): CurrencyLimits {
  const { currency, creditLine = null, velocity = [] } = request;
  const scale = scaleOf(currency);
  if (scale === undefined)
    throw refusal(
      UNKNOWN_CURRENCY,
      `${pointer}/currency`,
      `"${currency}" is neither an ISO 4217 currency nor one of this tenant.`,
    );
  const amount = (text: string, at: string) => amountAt(text, currency, scale, `${pointer}/${at}`);
  const optional = (text: string | null | undefined, at: string) =>
    typeof text === 'string' ? amount(text, at) : null;

  const minimum = optional(request.minimumAvailable, 'minimumAvailable');
  const maximum = optional(request.maximumAvailable, 'maximumAvailable');
  if (minimum !== null && maximum !== null && maximum < minimum)
    throw refusal(VALIDATION_FAILED, `${pointer}/maximumAvailable`, 'must not be below minimumAvailable');
  if (creditLine !== null && minimum === null)
    throw refusal(VALIDATION_FAILED, `${pointer}/creditLine`, 'needs a minimumAvailable, which it lowers');
  const seen = new Set<string>();
  return {
    currency,
    minimum,
    maximum,
    creditLine: creditLine && parseCreditLine(creditLine, amount, `${pointer}/creditLine`),
    velocity: velocity.map(({ direction, window, ...caps }, index) => {
      const at = `velocity/${index}`;
      const windowSeconds = parseDuration(window) ?? 0;
      const limit = {
        direction,
        windowSeconds,
        amount: optional(caps.amount, `${at}/amount`),
        count: caps.count ?? null,
      };
      if (limit.amount === null && limit.count === null)
        throw refusal(VALIDATION_FAILED, `${pointer}/${at}`, 'must have an amount, a count or both');
      const key = `${direction} ${windowSeconds}`;
      if (seen.has(key))
        throw refusal(VALIDATION_FAILED, `${pointer}/${at}`, 'must not have direction and window of another');
      seen.add(key);
      return limit;
    }),
  };
}

function parseCreditLine(
  line: CreditLineRequest,
  amountAt: (text: string, at: string) => bigint,
  pointer: string,
): CurrencyLimits['creditLine'] {
  const [from, until] = [line.from, line.until].map((text) => parseInstant(text) ?? null) as [Date | null, Date | null];
  if (from && until && until <= from)
    throw refusal(VALIDATION_FAILED, `${pointer}/until`, 'must be after the moment from which it is valid');
  const amount = amountAt(line.amount, 'creditLine/amount');
  if (amount === 0n) throw refusal(VALIDATION_FAILED, `${pointer}/amount`, 'must be above zero');
  return { amount, from, until };
}

const refusal = (type: ProblemType, pointer: string, detail: string) =>
  new Problem(type, type === VALIDATION_FAILED ? 'One field is not valid.' : detail, {
    errors: [{ pointer, detail }],
  });

/** @param scaleOf knows every currency of the limits */
export function formatLimits(limits: readonly CurrencyLimits[], scaleOf: ScaleOf): CurrencyLimitsResponse[] {
  return limits.map(({ currency, minimum, maximum, creditLine, velocity }) => {
    const scale = scaleOf(currency);
    if (scale === undefined) throw new RangeError(`the scale of ${currency} is not known`);
    const format = (amount: bigint | null) => (amount === null ? null : formatAmount(amount, scale));
    return {
      currency,
      minimumAvailable: format(minimum),
      maximumAvailable: format(maximum),
      creditLine: creditLine && {
        amount: formatAmount(creditLine.amount, scale),
        from: creditLine.from && formatInstant(creditLine.from),
        until: creditLine.until && formatInstant(creditLine.until),
      },
      velocity: velocity.map(({ direction, windowSeconds, amount, count }) => ({
        direction,
        window: formatDuration(windowSeconds),
        amount: format(amount),
        count,
      })),
    };
  });
}
