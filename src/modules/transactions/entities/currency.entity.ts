import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW } from '../../../platform/database/columns';

/** A currency that the tenant uses: its own, or one of ISO 4217 that was adopted on first use. Never changes. */
@Entity('currencies')
@Check('currencies_code_check', `code ~ '^[A-Z0-9.]{2,16}$'`)
@Check('currencies_scale_check', 'scale BETWEEN 0 AND 18')
export class TenantCurrency {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  @PrimaryColumn({ type: 'text' })
  code: string;

  /** Decimals. */
  @Column({ type: 'smallint' })
  scale: number;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'boolean' })
  custom: boolean;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;
}
