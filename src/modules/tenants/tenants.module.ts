import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../../platform/database/repositories';
import { UsersModule } from '../users';
import { Tenant } from './entities/tenant.entity';
import { OwnTenantController } from './own-tenant.controller';
import { TenantsController } from './tenants.controller';
import { TenantsService } from './tenants.service';

@Module({
  imports: [RepositoriesModule.for([Tenant]), UsersModule],
  controllers: [TenantsController, OwnTenantController],
  providers: [TenantsService],
  exports: [TenantsService],
})
export class TenantsModule {}
