import { createParamDecorator, type ExecutionContext, SetMetadata, applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { type Principal } from './principal';

export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'permission'; readonly permission: string };
export const ACCESS = 'daybook:access';

/** Anybody may call this route. */
export const Public = () => SetMetadata(ACCESS, { kind: 'public' } satisfies Access);

/** Any signed-in person may call this route, with or without a tenant (such as `/v1/me`). */
export const SignedIn = () =>
  applyDecorators(SetMetadata(ACCESS, { kind: 'signed-in' } satisfies Access), ApiBearerAuth('accessToken'));

/**
 * The caller's role in the tenant must have the permission, which a feature declares. Every route says one of `@Public`, `@SignedIn` or this;
 * one that says nothing is refused, and a test fails on it.
 */
export const RequirePermission = (permission: string) =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'permission', permission } satisfies Access),
    ApiBearerAuth('accessToken'),
    ApiExtension('x-permission', permission),
  );

/** The caller, as the guard established it. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const principal = context.switchToHttp().getRequest<FastifyRequest>().principal;
  if (!principal) throw new Error('@CurrentPrincipal() on a route that is not behind the authentication guard');
  return principal;
});

/** The tenant that the request works in. Only behind a permission of a tenant, whose guard has made sure of it. */
export const CurrentTenant = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const tenantId = context.switchToHttp().getRequest<FastifyRequest>().principal?.tenantId;
  if (!tenantId) throw new Error('@CurrentTenant() on a route that does not ask for a permission of a tenant');
  return tenantId;
});
