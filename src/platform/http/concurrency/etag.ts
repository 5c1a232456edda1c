import { ApiHeader } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { PRECONDITION_FAILED, PRECONDITION_REQUIRED } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';

/** Strong ETag of a row version (RFC 9110 section 8.8.3). */
const etagOf = (version: number): string => `"${version}"`;

export function setEtag(reply: FastifyReply, version: number): void {
  reply.header('etag', etagOf(version));
}

/**
 * The version that the caller saw, from If-Match (API-10). `*` matches any.
 * @throws Problem `precondition-required` without the header, `precondition-failed` for one that is not a version
 */
export function expectedVersion(request: FastifyRequest): number | '*' {
  const header = request.headers['if-match'];
  if (header === undefined) throw new Problem(PRECONDITION_REQUIRED, 'Send the ETag that you read in If-Match.');
  if (header === '*') return '*';
  const match = /^"([1-9]\d{0,8})"$/.exec(header.trim());
  if (!match) throw versionMismatch();
  return Number(match[1]);
}

export const versionMismatch = () =>
  new Problem(PRECONDITION_FAILED, 'It has changed since you read it: read it again.');

/** For the API description: a route that asks for If-Match, and the header of an answer that has an ETag. */
export const ApiIfMatch = () =>
  ApiHeader({
    name: 'If-Match',
    required: true,
    description: 'The ETag that you read.',
    schema: { type: 'string', examples: ['"1"'] },
  });
export const ETAG_HEADER = {
  etag: { description: 'Version, for If-Match.', schema: { type: 'string' as const, examples: ['"1"'] } },
};
