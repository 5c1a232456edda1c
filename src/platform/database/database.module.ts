import { type DynamicModule, Global, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource, TypeOrmModule } from '@nestjs/typeorm';
import { type DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { Config } from '../../config/config';
import { dataSourceOptions } from './data-source-options';
import { assertSafeRole } from './role-check';
import { missingMigrations } from './schema-state';
import { Exclusive } from './exclusive';
import { TenantDatabase } from './tenant-database';

@Injectable()
class RoleGuardAtBoot implements OnModuleInit {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async onModuleInit(): Promise<void> {
    await assertSafeRole(this.dataSource);
    // some may be missing, and make the process not ready; without any there is nothing to start with
    await missingMigrations((sql) => this.dataSource.query<{ name: string }[]>(sql));
  }
}

@Global()
@Module({})
export class DatabaseModule {
  static forRoot(entities: readonly EntityTarget<ObjectLiteral>[]): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [Config],
          useFactory: (config: Config) => ({
            ...dataSourceOptions(config, entities),
            // PostgreSQL may come up after us
            retryAttempts: 10,
            retryDelay: 1_000,
          }),
        }),
      ],
      providers: [Exclusive, TenantDatabase, RoleGuardAtBoot],
      exports: [Exclusive, TenantDatabase],
    };
  }
}
