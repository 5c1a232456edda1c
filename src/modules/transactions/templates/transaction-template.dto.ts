import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsInt, IsObject, IsString, Matches, Max, Min } from 'class-validator';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { type Direction, DIRECTIONS } from '../core/account';
import { type Expansion } from '../core/template-expansion';
import { type TransactionTemplateVersion } from '../entities/transaction-template-version.entity';
import { type TransactionTemplate } from '../entities/transaction-template.entity';
import { TEMPLATE_EXAMPLE, TemplateEntry, TemplateParameter, TemplateVersionRequest } from './template-definition.dto';
import { MayBeAbsent } from '../../../platform/http/validators';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

class TemplateName {
  /** Unique in the ledger. It never changes. */
  @ApiProperty({ pattern: NAME.source, example: 'card-payment' })
  @IsString()
  @Matches(NAME, { message: 'name must be 1 to 64 letters, digits and . _ -, and begin with a letter or digit' })
  name: string;
}

export class CreateTransactionTemplateRequest extends IntersectionType(TemplateName, TemplateVersionRequest) {}

export class TransactionTemplateResponse {
  @ApiProperty({
    format: 'uuid',
    example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b04',
    description: 'Of this version: what transactions that were made by it have as `templateId`.',
  })
  id: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  @ApiProperty({ example: 'card-payment' })
  name: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  version: number;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    example: 1,
    description: 'The version that is meant where none is named.',
  })
  latestVersion: number;

  @ApiProperty({ type: () => [TemplateParameter], example: TEMPLATE_EXAMPLE.parameters })
  parameters: TemplateParameter[];

  @ApiProperty({ type: 'string', nullable: true, example: 'order-{order}' })
  reference: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'Order {order}' })
  description: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { order: '{order}' } })
  metadata: Record<string, unknown>;

  @ApiProperty({ type: () => [TemplateEntry], example: TEMPLATE_EXAMPLE.entries })
  entries: TemplateEntry[];

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z', description: 'Of this version.' })
  createdAt: string;

  @ApiProperty({
    format: 'uuid',
    example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b00',
    description: 'The person who wrote this version.',
  })
  createdBy: string;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'Since when nothing is posted by the template; null: it is in use.',
  })
  retiredAt: string | null;

  static of(template: TransactionTemplate, version: TransactionTemplateVersion): TransactionTemplateResponse {
    const { parameters, reference = null, description = null, metadata = {}, entries } = version.definition;
    return {
      id: version.id,
      ledgerId: template.ledgerId,
      name: template.name,
      version: version.version,
      latestVersion: template.latest,
      parameters: [...parameters],
      reference,
      description,
      metadata: { ...metadata },
      entries: entries as TemplateEntry[],
      createdAt: formatInstant(version.createdAt),
      createdBy: version.createdBy,
      retiredAt: template.retiredAt && formatInstant(template.retiredAt),
    };
  }
}

export class TransactionTemplatePage extends PageOf(TransactionTemplateResponse) {}

export class ExpandTemplateRequest {
  /** Default: the latest. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1_000_000_000, example: 1 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  version?: number;

  /** Values by the names of the parameters. All are strings. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { amount: '100.00', seller: '7', order: '4711' },
  })
  @IsObject()
  parameters: Record<string, unknown>;
}

export class UsedTemplate {
  /** Of the version. */
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b04' })
  id: string;

  @ApiProperty({ example: 'card-payment' })
  name: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  version: number;
}

export class ExpandedEntry {
  @ApiProperty({ example: 'revenue:fees' })
  account: string;

  @ApiProperty({ enum: DIRECTIONS, example: 'credit' })
  direction: Direction;

  @ApiProperty({ type: 'string', example: '3.20' })
  amount: string;

  @ApiProperty({ example: 'EUR' })
  currency: string;
}

export class ExpandedTemplateResponse {
  @ApiProperty({ type: () => UsedTemplate })
  template: UsedTemplate;

  @ApiProperty({ type: () => [ExpandedEntry] })
  entries: ExpandedEntry[];

  @ApiProperty({ type: 'string', nullable: true, example: 'order-4711' })
  reference: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'Order 4711' })
  description: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { order: '4711' } })
  metadata: Record<string, unknown>;

  static of(template: UsedTemplate, expansion: Expansion): ExpandedTemplateResponse {
    const { entries, reference, description, metadata } = expansion;
    return { template, entries: [...entries], reference, description, metadata: { ...metadata } };
  }
}
