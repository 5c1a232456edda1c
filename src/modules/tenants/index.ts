export { TenantsModule } from './tenants.module';
export { TenantsService } from './tenants.service';
export { TENANT_SUSPENDED } from './tenants.errors';
export { type TenantStatus } from './entities/tenant.entity';
export { TENANT_STATUS_SCHEMA } from './dto/tenant.dto';
