import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, bigintTransformer } from '../../../platform/database/columns';

export type JobEventType = 'state' | 'progress' | 'log';

/** What happened to a job, in order and without gaps. The stream of events resumes from here. */
@Entity('job_events')
export class JobEvent {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ name: 'job_id', type: 'uuid' })
  jobId: string;

  @PrimaryColumn({ type: 'bigint', transformer: bigintTransformer })
  sequence: bigint;

  @Column({ type: 'timestamptz', default: () => 'clock_timestamp()' })
  at: Date;

  @Column({ type: 'text' })
  type: JobEventType;

  @Column({ type: 'jsonb' })
  data: Record<string, unknown>;
}
