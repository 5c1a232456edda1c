import { type RequestContext } from '../context/request-context';
import { type Principal } from '../security/principal';

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext;
    principal: Principal | undefined;
  }
}
