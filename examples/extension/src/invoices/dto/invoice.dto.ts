import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsOptional, IsString, IsUUID, Length, MaxLength, ValidateNested } from 'class-validator';
import { formatInstant, IsCalendarDate, MayBeAbsent, Money, PageOf, type StoredMoney } from 'daybook';
import { type Invoice } from '../entities/invoice.entity';

const INVOICE_STATUSES = ['open', 'paying', 'paid'] as const;
type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

function statusOf({ transactionId, jobId }: Invoice): InvoiceStatus {
  if (transactionId !== null) return 'paid';
  return jobId === null ? 'open' : 'paying';
}

export class CreateInvoiceRequest {
  @ApiProperty({ minLength: 1, maxLength: 200, example: 'Number 1' })
  @IsString()
  @Length(1, 200)
  number: string;

  @ApiProperty({ type: () => Money })
  @IsDefined()
  @ValidateNested()
  @Type(() => Money)
  total: Money;

  @ApiProperty({ format: 'date', example: '2026-11-21' })
  @IsCalendarDate()
  dueOn: string;

  @ApiPropertyOptional({ type: 'string', maxLength: 5000, nullable: true, example: 'What there is to say.' })
  @IsOptional()
  @IsString()
  @MaxLength(5000)
  note?: string | null;
}

export class PayInvoiceRequest {
  /** Where the payment is posted: it has the accounts `assets:bank` and `revenue:invoices`, or makes them. */
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  @IsUUID()
  ledgerId: string;
}

/** Fields that are not sent stay as they are. */
export class UpdateInvoiceRequest {
  @ApiPropertyOptional({ minLength: 1, maxLength: 200, example: 'Number 1' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 200)
  number?: string;

  @ApiPropertyOptional({ type: () => Money })
  @MayBeAbsent()
  @IsDefined()
  @ValidateNested()
  @Type(() => Money)
  total?: Money;

  @ApiPropertyOptional({ format: 'date', example: '2026-11-21' })
  @MayBeAbsent()
  @IsCalendarDate()
  dueOn?: string;

  @ApiPropertyOptional({ type: 'string', maxLength: 5000, nullable: true, example: 'What there is to say.' })
  @IsOptional()
  @IsString()
  @MaxLength(5000)
  note?: string | null;
}

export class InvoiceResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b05' })
  id: string;

  @ApiProperty({ minLength: 1, maxLength: 200, example: 'Number 1' })
  number: string;

  @ApiProperty({ type: () => Money })
  total: Money;

  @ApiProperty({ format: 'date', example: '2026-11-21' })
  dueOn: string;

  @ApiProperty({ type: 'string', maxLength: 5000, nullable: true, example: 'What there is to say.' })
  note: string | null;

  /** `paying`: a job is about to post it. */
  @ApiProperty({ enum: INVOICE_STATUSES, example: 'open' })
  status: InvoiceStatus;

  /** The transaction that paid it. */
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, example: null })
  transactionId: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  updatedAt: string;

  static of(invoice: Invoice, money: (stored: StoredMoney) => Money): InvoiceResponse {
    return {
      id: invoice.id,
      number: invoice.number,
      total: money({ amount: invoice.totalAmount, currency: invoice.totalCurrency }),
      dueOn: invoice.dueOn,
      note: invoice.note,
      status: statusOf(invoice),
      transactionId: invoice.transactionId,
      createdAt: formatInstant(invoice.createdAt),
      updatedAt: formatInstant(invoice.updatedAt),
    };
  }
}

export class InvoicePage extends PageOf(InvoiceResponse) {}
