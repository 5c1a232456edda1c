import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyRequest } from 'fastify';
import { FORBIDDEN, TENANT_REQUIRED, UNAUTHENTICATED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { isPlatform } from '../features/features';
import { PerRoute } from '../http/per-route';
import { ACCESS, type Access } from './access.decorators';

/** Lets a request through if its route says who may call it, and the caller is one of them. A route that says nothing is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly routes = new PerRoute((context) =>
    this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]),
  );

  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.routes.of(context);
    if (!access) throw new Problem(FORBIDDEN, 'This route is not open to anybody.');
    if (access.kind === 'public') return true;
    const principal = context.switchToHttp().getRequest<FastifyRequest>().principal;
    if (!principal) throw new Problem(UNAUTHENTICATED, 'Send a valid access token.');
    if (access.kind === 'signed-in') return true;
    if (!principal.tenantId && !isPlatform(access.permission))
      throw new Problem(TENANT_REQUIRED, 'This route works inside a tenant, and your credential names none.');
    if (principal.permissions.has(access.permission)) return true;
    throw new Problem(FORBIDDEN, `Your role lacks the permission ${access.permission}.`);
  }
}
