import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQuery } from '../../../platform/http/pagination/page.dto';
import { JOB_STATES, type JobState } from '../entities/job.entity';

export class JobListQuery extends PageQuery {
  /** Only jobs in this state. */
  @ApiPropertyOptional({ enum: JOB_STATES, example: 'dead' })
  @IsOptional()
  @IsIn(JOB_STATES)
  state?: JobState;

  /** Only jobs of this kind. */
  @ApiPropertyOptional({ type: 'string', maxLength: 100, example: 'maintenance.purge' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  kind?: string;
}
