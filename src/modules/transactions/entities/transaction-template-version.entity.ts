import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { TENANT_ID_COLUMN, TENANT_NOW } from '../../../platform/database/columns';
import { type TemplateDefinition } from '../core/transaction-template';
import { TransactionTemplate } from './transaction-template.entity';

/** What a template meant from some day on. Never changed: transactions name it. */
@Entity('transaction_template_versions')
@Unique('transaction_template_versions_version_key', ['tenantId', 'templateId', 'version'])
@ForeignKey(() => TransactionTemplate, ['tenantId', 'templateId'], ['tenantId', 'id'], {
  name: 'transaction_template_versions_template_fkey',
})
@Check('transaction_template_versions_version_check', 'version > 0')
@Check('transaction_template_versions_definition_check', `jsonb_typeof(definition) = 'object'`)
export class TransactionTemplateVersion {
  @PrimaryColumn(TENANT_ID_COLUMN)
  tenantId: string;

  /** What transactions that were made by it have as `templateId`. */
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ name: 'template_id', type: 'uuid' })
  templateId: string;

  /** From 1, without gaps. */
  @Column({ type: 'integer' })
  version: number;

  @Column({ type: 'jsonb' })
  definition: TemplateDefinition;

  @Column({ name: 'created_by', type: 'uuid' })
  createdBy: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: TENANT_NOW })
  createdAt: Date;
}
