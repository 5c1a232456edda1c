import { type FastifyReply, type FastifyRequest } from 'fastify';
import { preferredType } from '../../../common/http/accept';
import { NOT_ACCEPTABLE } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { PAGE_SECURITY_POLICY } from './page';

// programs say what they want or nothing at all; browsers ask for HTML by name
const OFFERED = ['application/json', 'text/html'] as const;

/** Whether a person or a program asks, for what has a form for each. @throws Problem `not-acceptable` */
export function negotiate(request: FastifyRequest, reply: FastifyReply): (typeof OFFERED)[number] {
  reply.header('vary', [reply.getHeader('vary') ?? [], 'Accept'].flat().join(', '));
  const type = preferredType(request.headers.accept, OFFERED);
  if (!type) throw new Problem(NOT_ACCEPTABLE, `This is available as ${OFFERED.join(' and ')}.`);
  reply.header('cache-control', 'public, max-age=3600').type(`${type}; charset=utf-8`);
  if (type === 'text/html') reply.header('content-security-policy', PAGE_SECURITY_POLICY);
  return type;
}
