import { Injectable, type OnModuleInit, SetMetadata, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DataSource, EntityManager } from 'typeorm';

const WITHOUT_TENANT = 'daybook:without-tenant';

/** The class asks the database what belongs to no tenant, such as how many connections there are; and why. */
export const WithoutTenant = (why: string) => SetMetadata(WITHOUT_TENANT, why);

/** What Nest keeps of a constructor: `@Inject()` by place, else the types. */
const injected = (type: Type): unknown[] => {
  const types = (Reflect.getMetadata('design:paramtypes', type) as unknown[] | undefined) ?? [];
  const tokens =
    (Reflect.getMetadata('self:paramtypes', type) as { index: number; param: unknown }[] | undefined) ?? [];
  return [...types, ...tokens.map(({ param }) => param)];
};

/**
 * A data source that somebody injects has no tenant, so row-level security shows it no rows: an empty list where there is
 * a mistake. The process does not start with one, but for the few classes that say why.
 */
@Injectable()
export class DataSourcesHaveTenants implements OnModuleInit {
  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const { metatype } of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      if (typeof metatype !== 'function' || Reflect.hasMetadata(WITHOUT_TENANT, metatype)) continue;
      const found = [DataSource, EntityManager].find((type) => injected(metatype as Type).includes(type));
      // Nest's own module for TypeORM makes them
      if (!found || metatype.name.startsWith('TypeOrm')) continue;
      throw new Error(
        `${metatype.name} injects ${found.name}, which has no tenant: row-level security would show it nothing. Inject TenantDatabase, or a repository.`,
      );
    }
  }
}
