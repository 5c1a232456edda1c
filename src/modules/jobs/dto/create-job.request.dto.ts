import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString, MaxLength, Validate } from 'class-validator';
import { IsInstant } from './is-instant';

export class CreateJobRequest {
  /** A name from `GET /v1/jobs/kinds`. */
  @ApiProperty({ type: 'string', maxLength: 100, example: 'maintenance.purge' })
  @IsString()
  @MaxLength(100)
  kind: string;

  /** What the kind asks for; its schema is in `GET /v1/jobs/kinds`. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { olderThanDays: 30 } })
  @IsObject()
  payload: Record<string, unknown>;

  /** Not before this instant. Default: at once. */
  @ApiPropertyOptional({ type: 'string', format: 'date-time', example: '2026-12-01T02:00:00Z' })
  @IsOptional()
  @Validate(IsInstant)
  runAt?: string;
}
