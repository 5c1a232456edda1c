import { createParamDecorator, type ExecutionContext, SetMetadata, applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { isPlatform } from '../features/permissions';
import { type Principal, type Within } from './principal';

export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'signed-in'; readonly who: 'person' | 'anybody' }
  | { readonly kind: 'permission'; readonly permission: string };
export const ACCESS = 'daybook:access';

/** Anybody may call this route. */
export const Public = () => SetMetadata(ACCESS, { kind: 'public' } satisfies Access);

/**
 * Any signed-in person may call this route, with or without a tenant; `anybody`: whoever has a credential, programs too
 * (such as `/v1/me`).
 */
export const SignedIn = (who: 'person' | 'anybody' = 'person') =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'signed-in', who } satisfies Access),
    ApiBearerAuth('accessToken'),
    ...(who === 'anybody' ? [ApiBearerAuth('apiKey')] : []),
  );

/**
 * The caller's role in the tenant must have the permission, which a feature declares. Every route says one of `@Public`, `@SignedIn` or this;
 * one that says nothing is refused, and a test fails on it.
 */
export const RequirePermission = (permission: string) =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'permission', permission } satisfies Access),
    ApiBearerAuth('accessToken'),
    ...(isPlatform(permission) ? [] : [ApiBearerAuth('apiKey')]),
    ApiExtension('x-permission', permission),
  );

/** AUTH-18: how long ago the sign-in of a caller may be on a route of `@RecentSignIn()`. */
export const RECENT_SECONDS = 300;
export const RECENT = 'daybook:recent-sign-in';

/**
 * Besides its permission the route asks for a person who has just proved who they are: it gives or takes access. Others get
 * 401 with the challenge of RFC 9470.
 */
export const RecentSignIn = () => applyDecorators(SetMetadata(RECENT, true), ApiExtension('x-recent-sign-in', true));

/** Limits of a grant (`Within`) that a route can keep. */
export type Kept = keyof Within;
export const KEEPS = 'daybook:keeps';

/**
 * The route itself sees to it that a limited grant reaches nothing beyond its limit. Limits to ledgers are kept by the guard
 * where the path has `:ledgerId`; all other routes are closed to limited grants unless they say this.
 */
export const Keeps = (...limits: Kept[]) => SetMetadata(KEEPS, limits);

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
