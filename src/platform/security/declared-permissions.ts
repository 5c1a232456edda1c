import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Features } from '../features/features';
import { ACCESS, type Access } from './access.decorators';

/** Nobody could ever call a route whose permission no feature declares: the process does not start with one. */
@Injectable()
export class DeclaredPermissions implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly features: Features,
  ) {}

  onModuleInit(): void {
    for (const { metatype } of this.discovery.getControllers()) {
      if (!metatype) continue;
      const prototype = metatype.prototype as Record<string, object>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const access = [prototype[name] as object, metatype]
          .map((target) => Reflect.getMetadata(ACCESS, target) as Access | undefined)
          .find((found) => found !== undefined);
        if (access?.kind !== 'permission' || this.features.permissions.has(access.permission)) continue;
        throw new Error(
          `${metatype.name}.${name} asks for the permission ${access.permission}, which no feature declares: add it to the permissions of its @Feature().`,
        );
      }
    }
  }
}
