import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, IsUUID, Length } from 'class-validator';
import { inOneOrder } from '../../../common/http/metadata';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { MayBeAbsent } from '../../../platform/http/validators';
import { JobResponse } from '../../jobs';
import { ACCOUNT_TYPES } from '../../transactions';
import { type Import } from '../entities/import.entity';
import { ImportOptions } from './import-options.dto';

export class ImportUploadQuery extends ImportOptions {
  /** Name of the file, for people. A form brings its own. */
  @ApiPropertyOptional({ minLength: 1, maxLength: 255, example: 'book-2026.csv' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  fileName?: string;

  /** Shows how the first rows are understood, and what would be wrong with them. Nothing is kept, and no key is used up. */
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false' })
  @MayBeAbsent()
  @IsIn(['true', 'false'])
  dryRun?: 'true' | 'false';
}

export class PreviewRowResponse {
  /** Of the file, from 1. */
  @ApiProperty({ type: 'integer', example: 2 })
  line: number;

  @ApiProperty({ example: '1' })
  transaction: string;

  @ApiProperty({ example: '2026-11-21' })
  date: string;

  @ApiProperty({ example: 'Order 4711' })
  description: string;

  @ApiProperty({ example: 'assets:bank:main' })
  account: string;

  /** Of an account that would be made; null for one that the ledger has, or that could not be made. */
  @ApiProperty({ type: 'string', enum: [...ACCOUNT_TYPES, null], nullable: true, example: 'asset' })
  newAccountType: string | null;

  @ApiProperty({ example: 'EUR' })
  currency: string;

  /** Above zero: a debit; below: a credit. */
  @ApiProperty({ example: '25.00' })
  amount: string;
}

export class GuessResponse {
  /** The option that was `auto`. */
  @ApiProperty({ example: 'delimiter' })
  option: string;

  @ApiProperty({ example: 'semicolon' })
  value: string;

  @ApiProperty({ example: 'It is the one that gives the header the columns.' })
  because: string;
}

export class PreviewErrorResponse {
  @ApiProperty({ example: 'line 3, column amount' })
  pointer: string;

  @ApiProperty({ example: 'must have at most 2 decimals: EUR has no more, and amounts are never rounded' })
  detail: string;
}

export class ImportPreviewResponse {
  /** At most the first 20. */
  @ApiProperty({ type: () => [PreviewRowResponse] })
  rows: PreviewRowResponse[];

  /** What was not said and was seen in the file. */
  @ApiProperty({ type: () => [GuessResponse] })
  guesses: GuessResponse[];

  /** Of the first rows. The import itself checks all of them. */
  @ApiProperty({ type: () => [PreviewErrorResponse] })
  errors: PreviewErrorResponse[];
}

/** Payload of the job. */
export class ImportPayload {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b07' })
  @IsUUID()
  importId: string;
}

export class ImportResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b07' })
  id: string;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  ledgerId: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'book-2026.csv' })
  fileName: string | null;

  @ApiProperty({
    description: 'Of the file, in hex.',
    example: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
  })
  sha256: string;

  @ApiProperty({ type: 'integer', description: 'Bytes.', example: 286223 })
  size: number;

  /** How the file is written, as it was said. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { delimiter: 'semicolon' } })
  options: Record<string, string>;

  /** Entries, without the header; null until the file was checked. */
  @ApiProperty({ type: 'integer', nullable: true, example: 3637 })
  rows: number | null;

  /** Null until the file was checked. */
  @ApiProperty({ type: 'integer', nullable: true, example: 1035 })
  transactions: number | null;

  @ApiProperty({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b09' })
  createdBy: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:15:00.000Z' })
  createdAt: string;

  /** When every transaction of the file was posted. */
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  completedAt: string | null;

  static of(found: Import): ImportResponse {
    return {
      id: found.id,
      ledgerId: found.ledgerId,
      fileName: found.fileName,
      sha256: found.contentSha256?.toString('hex') ?? '',
      size: Number(found.size),
      options: inOneOrder(found.options),
      rows: found.rowCount,
      transactions: found.transactionCount,
      createdBy: found.createdBy,
      createdAt: formatInstant(found.createdAt),
      completedAt: found.completedAt ? formatInstant(found.completedAt) : null,
    };
  }
}

export class ImportWithJobResponse {
  @ApiProperty({ type: () => ImportResponse })
  import: ImportResponse;

  /** Its state, progress, and in the end its result or its errors; null when the job was purged. */
  @ApiProperty({ type: () => JobResponse, nullable: true })
  job: JobResponse | null;
}

export class ImportPage extends PageOf(ImportResponse) {}
