import { type ModuleMetadata } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ConfigModule } from './config/config.module';
import { AuthenticationGuard } from './modules/auth';
import { DatabaseModule } from './platform/database/database.module';
import { type Features } from './platform/features/features';
import { ThrottleGuard } from './platform/http/throttling/throttle.guard';
import { AccessGuard } from './platform/security/access.guard';

/** The module of an application that is made of these features. */
export function applicationOf(features: Features): ModuleMetadata {
  return {
    imports: [ConfigModule, DatabaseModule.forRoot(features), ...features.modules],
    providers: [
      // the order of the guards is the order in which a request meets them: who is it, how often, may they
      { provide: APP_GUARD, useExisting: AuthenticationGuard },
      { provide: APP_GUARD, useExisting: ThrottleGuard },
      { provide: APP_GUARD, useExisting: AccessGuard },
    ],
  };
}
