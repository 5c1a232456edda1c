import { type ExecutionContext, Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ACCESS, type Access } from '../../platform/security/access.decorators';
import { AccessGuard } from '../../platform/security/access.guard';
import { AuthenticationGuard } from './authentication.guard';

/** The guards, for what is not a call of a route: plugins of Fastify, and streams that stay open. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly authentication: AuthenticationGuard,
    private readonly access: AccessGuard,
  ) {}

  /** As if `request` called a route that requires `permission`, now. @throws Problem as such a route answers */
  async require(request: FastifyRequest, reply: FastifyReply, permission: string): Promise<void> {
    const handler = () => undefined;
    Reflect.defineMetadata(ACCESS, { kind: 'permission', permission } satisfies Access, handler);
    const context = {
      getHandler: () => handler,
      getClass: () => Authenticator,
      switchToHttp: () => ({ getRequest: () => request, getResponse: () => reply }),
    } as unknown as ExecutionContext;
    const { action } = request.context;
    await this.authentication.canActivate(context);
    // whoever is refused now is refused the operation that it was
    if (action !== undefined) request.context.action = action;
    this.access.canActivate(context);
  }
}
