import { Tenant } from './entities/tenant.entity';

export { TenantsModule } from './tenants.module';
export { TenantsService } from './tenants.service';
export { TENANT_SUSPENDED } from './tenants.errors';
export { type TenantStatus } from './entities/tenant.entity';
export const TENANT_ENTITIES = [Tenant];
