import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';

const STATES = ['failed', 'dead', 'cancelled'] as const;

export class RedriveRequest {
  /** Jobs in this state; default `dead`. */
  @ApiPropertyOptional({ enum: STATES, default: 'dead', example: 'dead' })
  @IsOptional()
  @IsIn(STATES)
  state?: (typeof STATES)[number];

  /** Only jobs of this kind. */
  @ApiPropertyOptional({ type: 'string', maxLength: 100, example: 'maintenance.purge' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  kind?: string;
}

export class RedriveResponse {
  /** Jobs that were put back, 500 at the most: call again until it is 0. */
  @ApiProperty({ type: 'integer', minimum: 0, maximum: 500, example: 12 })
  redriven: number;
}
