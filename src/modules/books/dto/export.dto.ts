import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { AsOfQuery } from '../../transactions';

export class CsvExportQuery extends AsOfQuery {
  /**
   * `true`: texts as they are, for programs. Otherwise one that a spreadsheet would calculate (it begins with `=`, `+`,
   * `-`, `@`, a tab or a carriage return, and is no number) has an apostrophe before it, which an import takes away.
   */
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false' })
  @IsOptional()
  @IsIn(['true', 'false'])
  raw?: 'true' | 'false';
}
