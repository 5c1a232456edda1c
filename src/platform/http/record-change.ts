import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type AuditTrail } from '../security/audit-trail';

const SUBJECT_MAX = 500;

/**
 * One record per change through the API, in its transaction (REL-10): who did which operation to what. What was made is
 * named by its `Location`, else it is what the request was sent to.
 */
export async function recordChange(trail: AuditTrail, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { context } = request;
  const location = reply.getHeader('location');
  const path = typeof location === 'string' ? location : (request.url.split('?')[0] ?? '');
  await trail.record({
    action: context.action ?? `${request.method} ${request.routeOptions.url ?? ''}`,
    subject: context.change?.subject ?? path.slice(0, SUBJECT_MAX),
  });
}
