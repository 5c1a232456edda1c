import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW, VERSION_COLUMN } from '../../../platform/database/columns';

/** "Run this kind with this payload at these times": a row, so that it survives deployments and can be changed by admins. */
@Entity('job_schedules')
@Check('job_schedules_kind_check', `kind ~ '^[a-z][a-z0-9]*([.-][a-z0-9]+)*$' AND length(kind) <= 100`)
@Check('job_schedules_payload_check', `jsonb_typeof(payload) = 'object'`)
@Index('job_schedules_due', ['nextRunAt'], { where: 'enabled' })
export class JobSchedule {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  kind: string;

  @Column({ type: 'jsonb' })
  payload: Record<string, unknown>;

  @Column({ type: 'text' })
  cron: string;

  @Column({ name: 'time_zone', type: 'text' })
  timeZone: string;

  @Column({ type: 'boolean', default: true })
  enabled: boolean;

  @Column({ name: 'next_run_at', type: 'timestamptz' })
  nextRunAt: Date;

  @Column({ name: 'last_run_at', type: 'timestamptz', nullable: true })
  lastRunAt: Date | null;

  @Column({ name: 'actor_id', type: 'uuid', nullable: true })
  actorId: string | null;

  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: TENANT_NOW })
  updatedAt: Date;
}
