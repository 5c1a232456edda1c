import { createHash } from 'node:crypto';
import { type ExecutionContext, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { type FastifyRequest } from 'fastify';
import { Config } from '../../../config/config';
import {
  callerOf,
  CREDENTIAL_QUOTA,
  TENANT_QUOTA,
  THROTTLE_CLASS,
  type ThrottleClass,
  ThrottleGuard,
} from './throttle.guard';
import { ThrottleStorage } from './throttle.storage';

const classOf = (context: ExecutionContext): ThrottleClass | undefined =>
  (Reflect.getMetadata(THROTTLE_CLASS, context.getHandler()) ??
    Reflect.getMetadata(THROTTLE_CLASS, context.getClass())) as ThrottleClass | undefined;

const addressOf = (request: unknown) => `address:${(request as FastifyRequest).ip}`;
/** Counted for unknown e-mails too; hashed, so that the cache holds none. */
const emailOf = (request: unknown) => {
  const body = (request as FastifyRequest).body as { email?: unknown } | null | undefined;
  const email = typeof body?.email === 'string' ? body.email.trim().toLowerCase().slice(0, 320) : '';
  return `email:${createHash('sha256').update(email).digest('base64url')}`;
};

@Module({
  providers: [ThrottleStorage],
  exports: [ThrottleStorage],
})
class ThrottleStorageModule {}

@Module({
  imports: [
    ThrottleStorageModule,
    ThrottlerModule.forRootAsync({
      imports: [ThrottleStorageModule],
      inject: [Config, ThrottleStorage],
      useFactory: ({ throttle }: Config, storage: ThrottleStorage) => {
        const ttl = throttle.windowSeconds * 1000;
        const notSignIn = (context: ExecutionContext) => classOf(context) !== 'sign-in';
        return {
          storage,
          throttlers: [
            {
              name: CREDENTIAL_QUOTA,
              ttl,
              limit: throttle.limit,
              skipIf: (context: ExecutionContext) => classOf(context) !== undefined,
              getTracker: (request: unknown) => callerOf(request as FastifyRequest),
            },
            {
              name: TENANT_QUOTA,
              ttl,
              limit: throttle.tenantLimit,
              skipIf: (context: ExecutionContext) => classOf(context) !== undefined,
              getTracker: (request: unknown) => `tenant:${(request as FastifyRequest).principal?.tenantId ?? ''}`,
            },
            { name: 'sign-in-address', ttl, limit: throttle.signInLimit, skipIf: notSignIn, getTracker: addressOf },
            { name: 'sign-in-email', ttl, limit: throttle.signInLimit, skipIf: notSignIn, getTracker: emailOf },
          ],
        };
      },
    }),
  ],
  providers: [ThrottleGuard],
  exports: [ThrottleGuard, ThrottleStorageModule],
})
export class ThrottlingModule {}
