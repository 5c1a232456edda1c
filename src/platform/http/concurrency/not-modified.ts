import { type FastifyReply, type FastifyRequest } from 'fastify';

/** Whether `If-None-Match` names the answer's ETag (RFC 9110 section 13.1.2, weak comparison). */
export function isNotModified(request: FastifyRequest, reply: FastifyReply): boolean {
  const asked = request.headers['if-none-match'];
  const etag = reply.getHeader('etag');
  if (asked === undefined || typeof etag !== 'string' || reply.statusCode !== 200) return false;
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  return asked.trim() === '*' || asked.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
