import { type DynamicModule, Global, Injectable, Logger, Module, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { Config } from '../../config/config';
import { ClockModule } from '../time/clock.module';
import { Features } from '../features/features';
import { dataSourceOptions } from './data-source-options';
import { connectionRefused } from './database-errors';
import { assertSafeRole } from './role-check';
import { missingMigrations } from './schema-state';
import { Sessions, UnusablePoolerError } from './sessions';
import { checkServerVersion, SERVER_VERSION } from './supported-versions';
import { TenantClocks } from './tenant-clocks';
import { TenantDatabase } from './tenant-database';
import { WithoutTenant } from './without-tenant';

@Injectable()
@WithoutTenant('looks at the server and the schema')
class DatabaseGuardAtBoot implements OnModuleInit {
  private readonly logger = new Logger('Database');

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly features: Features,
  ) {}

  async onModuleInit(): Promise<void> {
    const [server] = await this.dataSource.query<{ version: number }[]>(SERVER_VERSION);
    const warning = checkServerVersion(server?.version ?? 0);
    if (warning !== undefined) this.logger.warn(warning);
    await assertSafeRole(this.dataSource);
    // some may be missing, and make the process not ready; without any there is nothing to start with
    await missingMigrations((sql) => this.dataSource.query<{ name: string }[]>(sql), this.features);
  }
}

@Module({ providers: [Sessions], exports: [Sessions] })
class SessionsModule {}

@Global()
@Module({})
export class DatabaseModule {
  static forRoot(features: Features): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [Config, Sessions],
          imports: [SessionsModule],
          useFactory: (config: Config, sessions: Sessions) => ({
            ...dataSourceOptions(config, features, 'app', sessions),
            // PostgreSQL may come up after us
            retryAttempts: 10,
            retryDelay: 1_000,
            toRetry: (error: unknown) =>
              !(error instanceof UnusablePoolerError) && connectionRefused(error) === undefined,
          }),
          dataSourceFactory: async (options) => {
            const sessions = (options?.extra as { sessions: Sessions }).sessions;
            await sessions.probe((options as { url: string }).url);
            return new DataSource(options as DataSourceOptions).initialize();
          },
        }),
        SessionsModule,
        ClockModule,
      ],
      providers: [{ provide: Features, useValue: features }, TenantClocks, TenantDatabase, DatabaseGuardAtBoot],
      exports: [Features, SessionsModule, TenantClocks, TenantDatabase],
    };
  }
}
