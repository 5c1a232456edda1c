import { hash } from 'node:crypto';
import { type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { type FastifyRequest } from 'fastify';
import { TENANT_REQUIRED, UNAUTHENTICATED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { operationIdOf } from '../../platform/http/openapi/operation-id';
import { PerRoute } from '../../platform/http/per-route';
import { ThrottleGuard } from '../../platform/http/throttling/throttle.guard';
import { ACCESS, type Access } from '../../platform/security/access.decorators';
import { CredentialKinds } from '../../platform/security/credential-kinds';
import { type Caller } from '../../platform/security/principal';
import { SecurityLog } from '../../platform/security/security-log';
import { TENANT_SUSPENDED } from '../tenants';
import { type AccessClaims, bearerTokenOf } from './access-token';
import { PrincipalCache } from './principal-cache';
import { PrincipalsService } from './principals.service';

const ALSO_WHEN_SUSPENDED = 'daybook:also-when-suspended';

/** The few routes that stay open to members of a suspended tenant. */
export const AlsoWhenSuspended = () => SetMetadata(ALSO_WHEN_SUSPENDED, true);

/** What a route says of its callers. */
interface Route {
  readonly isPublic: boolean;
  readonly isForSuspended: boolean;
  readonly action: string;
}

interface Credential {
  readonly token: string;
  /** Stands for the whole of it, and the tenant that it is used in. */
  readonly key: string;
  readonly chosen: string | undefined;
}

/** Says who makes the request, or refuses it. What they may do is for the guards after it. */
@Injectable()
export class AuthenticationGuard extends AuthGuard('jwt') {
  private readonly routes = new PerRoute((context) => this.routeOf(context));

  constructor(
    private readonly reflector: Reflector,
    private readonly config: Config,
    private readonly cache: PrincipalCache,
    private readonly principals: PrincipalsService,
    private readonly kinds: CredentialKinds,
    private readonly log: SecurityLog,
    private readonly throttle: ThrottleGuard,
  ) {
    super();
  }

  /** @returns a promise only for a credential that is not known yet */
  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const route = this.routes.of(context);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    request.context.action = route.action;
    if (route.isPublic) return true;
    const token = bearerTokenOf(request);
    if (token === null) return this.identify(context, undefined);
    const chosen = headerOf(request, this.config.http.tenantHeader);
    const key = hash('sha256', `${token} ${chosen ?? ''}`, 'base64');
    const known = this.cache.known(key);
    return known ? admit(request, known, route) : this.identify(context, { token, key, chosen });
  }

  private async identify(context: ExecutionContext, credential: Credential | undefined): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user?: AccessClaims }>();
    try {
      if (!credential) throw this.refused(request, 'no bearer token');
      const caller = await this.cache.remember(credential.key, () => this.find(context, credential));
      return admit(request, caller, this.routes.of(context));
    } catch (error) {
      // the guard that limits comes after this one, and is never reached by those who are refused here
      if (error instanceof Problem && error.type === UNAUTHENTICATED) await this.throttle.canActivate(context);
      throw error;
    }
  }

  private async find(context: ExecutionContext, { token, chosen }: Credential): Promise<Caller> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user?: AccessClaims }>();
    const kind = this.kinds.of(token);
    if (kind) {
      const found = await kind.find(token);
      if (!found) throw this.refused(request, 'not one that is good now', kind.method);
      // a program has one tenant, and there is nothing to choose
      if (chosen !== undefined && chosen.toLowerCase() !== found.principal.tenantId)
        throw new Problem(TENANT_REQUIRED, 'The credential belongs to another tenant than the tenant header names.');
      return found;
    }
    await super.canActivate(context);
    const found = await this.principals.find(request.user as AccessClaims, chosen);
    if (!found) throw this.refused(request, 'the session has ended');
    return found;
  }

  private routeOf(context: ExecutionContext): Route {
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, targets);
    return {
      action: operationIdOf(context),
      isPublic: access?.kind === 'public',
      isForSuspended:
        (access?.kind === 'permission' && access.permission.startsWith('platform:')) ||
        this.reflector.getAllAndOverride<boolean | undefined>(ALSO_WHEN_SUSPENDED, targets) === true,
    };
  }

  /** What passport found. `info` is why it refused, or the database's own problem when a key could not be looked up. */
  override handleRequest<T>(error: unknown, claims: T | false, info: unknown, context: ExecutionContext): T {
    if (claims) return claims;
    const reason = error ?? info;
    if (reason instanceof Problem && reason.status >= 500) throw reason;
    throw this.refused(
      context.switchToHttp().getRequest<FastifyRequest>(),
      reason instanceof Error ? reason.message : 'refused',
    );
  }

  private refused(request: FastifyRequest, reason: string, method = 'access-token'): Problem {
    this.log.write({ event: 'authenticate', outcome: 'failure', method, reason, source: request.ip });
    return new Problem(UNAUTHENTICATED, 'Send a valid access token or API key.');
  }
}

/** @throws Problem `tenant-suspended` */
function admit(request: FastifyRequest, caller: Caller, { isForSuspended }: Route): true {
  const { principal, suspended } = caller;
  request.principal = principal;
  request.context.principal = principal;
  if (principal.tenantId !== undefined) request.context.tenantId = principal.tenantId;
  caller.admit?.(request);
  if (suspended && !isForSuspended) throw new Problem(TENANT_SUSPENDED, 'The tenant is suspended.');
  return true;
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join() : value;
}
