import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsInstant } from '../../../platform/http/validators';

/** A moment on one of the two axes of time. */
export class AsOfQuery {
  /** The moment; without it: now, everything. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-21T10:15:00Z' })
  @IsOptional()
  @IsInstant()
  asOf?: string;

  /** `effective`: when things happened. `created`: when the ledger knew. */
  @ApiPropertyOptional({ enum: ['effective', 'created'], default: 'effective' })
  @IsOptional()
  @IsIn(['effective', 'created'])
  axis?: 'effective' | 'created';
}
