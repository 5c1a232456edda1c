import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { getDataSourceToken, getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import { type DataSource, type EntityTarget, type ObjectLiteral, Repository } from 'typeorm';
import { currentTransaction } from './tenant-database';

/**
 * A repository that always works in the transaction of the call it is used in, and throws `NoTransactionError`
 * outside one: there is no way to reach the pool without a tenant.
 */
function boundRepository(dataSource: DataSource, entity: EntityTarget<ObjectLiteral>): Repository<ObjectLiteral> {
  const repository = new Repository(entity, dataSource.manager);
  Object.defineProperty(repository, 'manager', { get: () => currentTransaction().manager });
  return repository;
}

/** `imports: [RepositoriesModule.for([Account])]`, then `@InjectRepository(Account) private readonly accounts: Repository<Account>`. */
@Module({})
export class RepositoriesModule {
  static for(entities: (new () => ObjectLiteral)[]): DynamicModule {
    const providers: Provider[] = entities.map((entity) => ({
      provide: getRepositoryToken(entity),
      useFactory: (dataSource: DataSource) => boundRepository(dataSource, entity),
      inject: [getDataSourceToken()],
    }));
    return { module: RepositoriesModule, imports: [TypeOrmModule], providers, exports: providers.map(tokenOf) };
  }
}

function tokenOf(provider: Provider) {
  return (provider as { provide: string }).provide;
}
