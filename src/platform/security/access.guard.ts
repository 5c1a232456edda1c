import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyRequest } from 'fastify';
import {
  FORBIDDEN,
  INSUFFICIENT_USER_AUTHENTICATION,
  OUTSIDE_GRANT,
  TENANT_REQUIRED,
  UNAUTHENTICATED,
} from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { Clock } from '../../common/time/clock';
import { requestContext } from '../context/request-context';
import { isPlatform } from '../features/permissions';
import { PerRoute } from '../http/per-route';
import { ACCESS, type Access, KEEPS, type Kept, RECENT, RECENT_SECONDS } from './access.decorators';
import { AuditTrail } from './audit-trail';
import { type Principal, type Within } from './principal';

/** What a route says of its callers. */
interface Route {
  readonly access: Access | undefined;
  readonly recent: boolean;
  readonly keeps: readonly Kept[];
}

/** Lets a request through if its route says who may call it, and the caller is one of them. A route that says nothing is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly routes = new PerRoute((context): Route => {
    const targets = [context.getHandler(), context.getClass()];
    return {
      access: this.reflector.getAllAndOverride<Access | undefined>(ACCESS, targets),
      recent: this.reflector.getAllAndOverride<boolean | undefined>(RECENT, targets) ?? false,
      keeps: this.reflector.getAllAndOverride<Kept[] | undefined>(KEEPS, targets) ?? [],
    };
  });

  constructor(
    private readonly reflector: Reflector,
    private readonly clock: Clock,
    private readonly trail: AuditTrail,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    try {
      return this.mayPass(context);
    } catch (error) {
      const { principal, url } = context.switchToHttp().getRequest<FastifyRequest>();
      // somebody who is known and may not: their tenant wants to see it (AUTH-28)
      if (error instanceof Problem && principal?.tenantId !== undefined) {
        const { action = '' } = requestContext.current() ?? {};
        this.trail.later(
          { tenantId: principal.tenantId },
          { action, reason: error.type.code, subject: url.split('?')[0] ?? '' },
        );
      }
      throw error;
    }
  }

  private mayPass(context: ExecutionContext): boolean {
    const { access, recent, keeps } = this.routes.of(context);
    if (!access) throw new Problem(FORBIDDEN, 'This route is not open to anybody.');
    if (access.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    if (!principal) throw new Problem(UNAUTHENTICATED, 'Send a valid access token or API key.');
    if (access.kind === 'signed-in') {
      if (access.who === 'person' && principal.kind !== 'person')
        throw new Problem(FORBIDDEN, 'This route is for persons: sign in.');
    } else {
      if (!principal.tenantId && !isPlatform(access.permission))
        throw new Problem(TENANT_REQUIRED, 'This route works inside a tenant, and your credential names none.');
      if (!principal.permissions.has(access.permission)) throw lacks(principal, access.permission);
      if (principal.within) assertKept(request, principal.within, keeps);
    }
    if (recent) this.assertRecent(principal);
    return true;
  }

  /** RFC 9470. */
  private assertRecent({ kind, authenticatedAt }: Principal): void {
    if (kind !== 'person') throw new Problem(FORBIDDEN, 'This route is for persons who have just signed in.');
    if (authenticatedAt !== undefined && this.clock.now().getTime() - authenticatedAt <= RECENT_SECONDS * 1000) return;
    throw new Problem(
      INSUFFICIENT_USER_AUTHENTICATION,
      `Sign in again: this route asks for a sign-in of the last ${RECENT_SECONDS} seconds.`,
      {
        headers: {
          'www-authenticate': `Bearer error="insufficient_user_authentication", error_description="A more recent sign-in is required", max_age=${RECENT_SECONDS}`,
        },
      },
    );
  }
}

const lacks = ({ kind }: Principal, permission: string): Problem =>
  new Problem(
    FORBIDDEN,
    kind === 'person'
      ? `Your role lacks the permission ${permission}.`
      : `Your credential lacks the permission ${permission}.`,
  );

/** A limited grant reaches a route only where the route keeps each of its limits: closed by default, also for routes to come. */
function assertKept(request: FastifyRequest, { ledgers, accounts }: Within, keeps: readonly Kept[]): void {
  if (ledgers && !keeps.includes('ledgers')) {
    const { ledgerId } = request.params as { readonly ledgerId?: string };
    if (ledgerId === undefined)
      throw new Problem(
        OUTSIDE_GRANT,
        'Your credential is limited to some ledgers, and this route reaches beyond them.',
      );
    if (!ledgers.has(ledgerId.toLowerCase()))
      throw new Problem(OUTSIDE_GRANT, 'Your credential is limited to other ledgers than this one.');
  }
  if (accounts && !keeps.includes('accounts'))
    throw new Problem(
      OUTSIDE_GRANT,
      'Your credential is limited to some accounts, and this route reaches beyond them.',
    );
}
