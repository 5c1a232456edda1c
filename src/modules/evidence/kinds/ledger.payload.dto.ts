import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsUUID } from 'class-validator';

export class LedgerJobPayload {
  /** Default: all ledgers of the tenant. */
  @ApiPropertyOptional({ format: 'uuid', example: '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b01' })
  @IsOptional()
  @IsUUID()
  ledgerId?: string;
}
