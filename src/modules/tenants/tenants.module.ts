import { Feature } from '../../platform/features/feature';
import { ADMINISTRATORS, EVERYBODY } from '../../platform/security/roles';
import { UsersModule } from '../users';
import { Tenant } from './entities/tenant.entity';
import { OwnTenantController } from './own-tenant.controller';
import { TenantsController } from './tenants.controller';
import { TenantsService } from './tenants.service';

@Feature({
  entities: [Tenant],
  permissions: {
    'tenant:read': { description: 'See the tenant and its settings.', roles: EVERYBODY },
    'tenant:write': { description: 'Change the tenant’s name and settings.', roles: ADMINISTRATORS },
    'platform:tenants': { description: 'Make, see and suspend tenants.', roles: [] },
  },
  tags: { Tenants: 'One’s own tenant, and for platform administrators all of them.' },
  catalog: { platformTables: { tenants: 'the tenants themselves' } },

  imports: [UsersModule],
  controllers: [TenantsController, OwnTenantController],
  providers: [TenantsService],
  exports: [TenantsService],
})
export class TenantsModule {}
