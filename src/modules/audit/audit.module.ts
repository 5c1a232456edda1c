import { Feature } from '../../platform/features/feature';
import { ADMINISTRATORS } from '../../platform/security/roles';
import { AuditController } from './audit.controller';
import { AuditRecordsService } from './audit-records.service';
import { AuditRecord } from './entities/audit-record.entity';
import { Audit1795863700000 } from './migrations/1795863700000-audit';

@Feature({
  entities: [AuditRecord],
  migrations: [Audit1795863700000],
  permissions: { 'audit:read': { description: 'See who did what in the tenant.', roles: ADMINISTRATORS } },
  tags: { Audit: 'Who did what, from where, and who was not allowed to.' },
  catalog: {
    systemFunctions: ['daybook_system record_for_tenant(uuid, uuid, jsonb)'],
    immutableTables: ['audit_records'],
    guardTriggers: ['audit_records.audit_records_kept'],
    systemGrants: ['audit_records INSERT'],
  },

  controllers: [AuditController],
  providers: [AuditRecordsService],
})
export class AuditModule {}
