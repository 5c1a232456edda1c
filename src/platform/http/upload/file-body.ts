import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { type FastifyInstance } from 'fastify';
import { UNSUPPORTED_MEDIA_TYPE } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';

const FORM = 'multipart/form-data';

/** The route's body is a file, sent as it is or in a form; the handler reads it with `Upload` as it arrives. */
export const FileBody = (mediaType: 'text/csv') =>
  applyDecorators(
    RouteConfig({ fileBody: mediaType }),
    ApiConsumes(mediaType, FORM),
    ApiBody({
      required: true,
      schema: { type: 'object', properties: { file: { type: 'string', format: 'binary' } }, required: ['file'] },
    }),
  );

/** Lets routes with `@FileBody`, and no others, take files. The body is left unread for them. */
export function addFileParser(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(['text/csv', FORM], (request, _payload, done) => {
    if ((request.routeOptions.config as { fileBody?: string }).fileBody !== undefined) done(null, undefined);
    else done(new Problem(UNSUPPORTED_MEDIA_TYPE, 'This route does not take a file.'));
  });
}
