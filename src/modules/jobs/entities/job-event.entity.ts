import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, bigintTransformer } from '../../../platform/database/columns';
import { Job } from './job.entity';

export type JobEventType = 'state' | 'progress' | 'log';

/** What happened to a job, in order and without gaps. The stream of events resumes from here. */
@Entity('job_events')
@Check('job_events_type_check', `type IN ('state', 'progress', 'log')`)
@Check('job_events_data_check', `jsonb_typeof(data) = 'object'`)
@ForeignKey(() => Job, ['tenantId', 'jobId'], ['tenantId', 'id'], {
  name: 'job_events_tenant_id_job_id_fkey',
  onDelete: 'CASCADE',
})
export class JobEvent {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'job_id', type: 'uuid' })
  jobId: string;

  @PrimaryColumn({ type: 'bigint', transformer: bigintTransformer })
  sequence: bigint;

  @Column({ type: 'timestamptz', default: () => 'tenant_time(clock_timestamp())' })
  at: Date;

  @Column({ type: 'text' })
  type: JobEventType;

  @Column({ type: 'jsonb' })
  data: Record<string, unknown>;
}
