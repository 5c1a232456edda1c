import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, IsUUID, Length } from 'class-validator';
import { formatInstant } from '../../../common/time/instant';
import { PageOf } from '../../../platform/http/pagination/page.dto';
import { JobResponse } from '../../jobs';
import { type Import } from '../entities/import.entity';

export class ImportUploadQuery {
  /** Name of the file, for people. A form brings its own. */
  @ApiPropertyOptional({ minLength: 1, maxLength: 255, example: 'book-2026.csv' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  fileName?: string;
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
