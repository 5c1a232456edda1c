import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { type Direction, DIRECTIONS } from '../core/account';
import { PARAMETER_NAME } from '../core/template-text';
import {
  type EntryDefinition,
  PARAMETER_TYPES,
  type ParameterDefinition,
  type ParameterType,
  type ShareDefinition,
} from '../core/transaction-template';
import { IsMetadata, MayBeAbsent } from '../../../platform/http/validators';

const PARAMETERS_MAX = 50;
const ENTRIES_MAX = 200;
const SHARES_MAX = 200;
const WEIGHT_MAX = 1_000_000;

export class TemplateParameter implements ParameterDefinition {
  @ApiProperty({ pattern: PARAMETER_NAME.source, example: 'amount' })
  @IsString()
  @Matches(PARAMETER_NAME, { message: 'name must begin with a small letter and have letters, digits and _ only' })
  name: string;

  @ApiProperty({ enum: PARAMETER_TYPES, example: 'amount' })
  @IsIn(PARAMETER_TYPES)
  type: ParameterType;

  /** Of an amount: a code, or a parameter of type currency in braces. */
  @ApiPropertyOptional({ maxLength: 42, example: 'EUR' })
  @MayBeAbsent()
  @IsString()
  @Length(2, 42)
  currency?: string;

  /** Of an amount. Entries of zero are left out. */
  @ApiPropertyOptional({ type: 'boolean', default: false })
  @MayBeAbsent()
  @IsBoolean()
  mayBeZero?: boolean;

  /** Of an account: the codes that it takes. `*` is one segment, a last `**` one or more. */
  @ApiPropertyOptional({ maxLength: 255, example: 'users:*:wallet' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(255)
  pattern?: string;

  /** With it the parameter may be left out. */
  @ApiPropertyOptional({ maxLength: 255, example: '25.00' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(255)
  default?: string;
}

class TemplateQuantity {
  /** A decimal string, or a parameter of type amount in braces. In a share also `remainder`: what the others leave. */
  @ApiPropertyOptional({ maxLength: 60, example: '{amount}' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 60)
  amount?: string;

  /** Instead of an amount: a percentage, with up to 8 decimals; in a split of what is split. */
  @ApiPropertyOptional({ maxLength: 20, example: '2.9' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 20)
  percent?: string;

  /** Beside `percent`: comes on top. A decimal string, or a parameter in braces. */
  @ApiPropertyOptional({ maxLength: 60, example: '0.30' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 60)
  plus?: string;

  /** Beside `percent`: not less than this, what comes on top included. */
  @ApiPropertyOptional({ maxLength: 60, example: '0.50' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 60)
  minimum?: string;

  /** Beside `percent`: not more than this, what comes on top included. */
  @ApiPropertyOptional({ maxLength: 60, example: '10.00' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 60)
  maximum?: string;
}

export class TemplateShare extends TemplateQuantity implements ShareDefinition {
  /** Code or id, or a code with parameters in braces. */
  @ApiProperty({ minLength: 1, maxLength: 255, example: 'sellers:{seller}:payable' })
  @IsString()
  @Length(1, 255)
  account: string;

  /** Instead of an amount or a percentage: its part of what the others leave, in proportion to the other weights. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: WEIGHT_MAX, example: 2 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(WEIGHT_MAX)
  weight?: number;
}

export class TemplateEntry extends TemplateQuantity implements EntryDefinition {
  @ApiProperty({ enum: DIRECTIONS, example: 'debit' })
  @IsIn(DIRECTIONS)
  direction: Direction;

  /** Code or id, a code with parameters in braces, or a parameter of type account in braces. Not with `split`. */
  @ApiPropertyOptional({ maxLength: 255, example: 'psp:clearing' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 255)
  account?: string;

  /** Where the amount is a decimal string: a code, or a parameter of type currency in braces. */
  @ApiPropertyOptional({ maxLength: 42, example: 'EUR' })
  @MayBeAbsent()
  @IsString()
  @Length(2, 42)
  currency?: string;

  /** With `percent`: name of the parameter that it is a percentage of. */
  @ApiPropertyOptional({ maxLength: 40, example: 'amount' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(40)
  of?: string;

  /** Instead of an amount or a percentage: name of the parameter that is shared out. */
  @ApiPropertyOptional({ maxLength: 40, example: 'amount' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(40)
  split?: string;

  /** With `split`: the shares. Together they are the whole: one is the remainder, some have weights, or the percentages sum to 100. */
  @ApiPropertyOptional({ type: () => [TemplateShare], minItems: 2, maxItems: SHARES_MAX })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(SHARES_MAX)
  @ValidateNested({ each: true })
  @Type(() => TemplateShare)
  into?: TemplateShare[];
}

export const TEMPLATE_EXAMPLE = {
  parameters: [
    { name: 'amount', type: 'amount', currency: 'EUR' },
    { name: 'seller', type: 'string' },
    { name: 'order', type: 'string' },
  ],
  entries: [
    { direction: 'debit', account: 'psp:clearing', amount: '{amount}' },
    {
      direction: 'credit',
      split: 'amount',
      into: [
        { account: 'revenue:fees', percent: '2.9', plus: '0.30' },
        { account: 'sellers:{seller}:payable', amount: 'remainder' },
      ],
    },
  ],
};

/** What a template means. Texts take parameters in braces. */
export class TemplateVersionRequest {
  @ApiProperty({ type: () => [TemplateParameter], maxItems: PARAMETERS_MAX, example: TEMPLATE_EXAMPLE.parameters })
  @IsArray()
  @ArrayMaxSize(PARAMETERS_MAX)
  @ValidateNested({ each: true })
  @Type(() => TemplateParameter)
  parameters: TemplateParameter[];

  /** Reference of the transactions; without one they have that of the request. */
  @ApiPropertyOptional({ type: 'string', nullable: true, minLength: 1, maxLength: 255, example: 'order-{order}' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  reference?: string | null;

  @ApiPropertyOptional({ type: 'string', nullable: true, maxLength: 1000, example: 'Order {order}' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  description?: string | null;

  /** Metadata of the transactions. Texts in it take parameters, names do not. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { order: '{order}' } })
  @MayBeAbsent()
  @IsMetadata()
  metadata?: Record<string, unknown>;

  /** In the order in which the transactions have them. */
  @ApiProperty({ type: () => [TemplateEntry], minItems: 1, maxItems: ENTRIES_MAX, example: TEMPLATE_EXAMPLE.entries })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(ENTRIES_MAX)
  @ValidateNested({ each: true })
  @Type(() => TemplateEntry)
  entries: TemplateEntry[];
}
