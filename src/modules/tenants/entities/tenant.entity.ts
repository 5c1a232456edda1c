import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import { VERSION_COLUMN } from '../../../platform/database/columns';

export const TENANT_STATUSES = ['active', 'suspended'] as const;
export type TenantStatus = (typeof TENANT_STATUSES)[number];

/** What a tenant chooses for itself. What was never chosen has its default in the answer. */
export interface TenantSettings {
  /** IANA name. */
  readonly timeZone: string;
  /** BCP 47 tag. */
  readonly locale: string;
  /** ISO 4217 code that forms offer first; null: none. */
  readonly defaultCurrency: string | null;
}

/** A customer: its rows are seen by its members only. This table itself is the platform's. */
@Entity('tenants')
@Unique('tenants_slug_key', ['slug'])
@Check('tenants_id_check', `id <> '00000000-0000-0000-0000-000000000000'`)
@Check('tenants_name_check', `char_length(name) BETWEEN 1 AND 200`)
@Check('tenants_slug_check', `slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'`)
@Check('tenants_status_check', `status IN ('active', 'suspended')`)
@Check('tenants_settings_check', `jsonb_typeof(settings) = 'object'`)
export class Tenant {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  slug: string;

  @Column({ type: 'text', default: 'active' })
  status: TenantStatus;

  @Column({ type: 'jsonb' })
  settings: Partial<TenantSettings>;

  @Column(VERSION_COLUMN)
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}
