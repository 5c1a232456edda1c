import { RouteConfig } from '@nestjs/platform-fastify';
import { type FastifyInstance, type FastifyRequest, type RouteOptions } from 'fastify';
import { UNSUPPORTED_MEDIA_TYPE } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';

/** One JSON value per line. */
export const LINES = 'application/x-ndjson';

/** The route's body is a large JSON, or lines of JSON that the handler reads as they arrive. */
export const BulkBody = () => RouteConfig({ bulkBody: true });

/** The body is left unread, for the handler. */
export function sendsLines(request: FastifyRequest): boolean {
  return takesBulk(request.routeOptions.config) && mediaTypeOf(request) === LINES;
}

/** Lets routes with `@BulkBody`, and no others, take lines, and JSON of up to `limit` bytes. */
export function addBulkParser(fastify: FastifyInstance, limit: number): void {
  fastify.addHook('onRoute', (route: RouteOptions) => {
    if (takesBulk(route.config)) route.bodyLimit = limit;
  });
  fastify.addContentTypeParser(LINES, (request, _payload, done) => {
    if (takesBulk(request.routeOptions.config)) done(null, undefined);
    else done(new Problem(UNSUPPORTED_MEDIA_TYPE, 'This route takes one JSON value, not lines of them.'));
  });
}

export const takesBulk = (config: unknown): boolean =>
  (config as { bulkBody?: boolean } | undefined)?.bulkBody === true;

const mediaTypeOf = ({ headers }: FastifyRequest) => headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
