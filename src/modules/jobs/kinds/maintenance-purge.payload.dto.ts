import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

export class MaintenancePurgePayload {
  /** Jobs that ended this many days ago are deleted, with their events; dead ones stay. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 3650, default: 30, example: 30 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(3650)
  olderThanDays?: number;
}
