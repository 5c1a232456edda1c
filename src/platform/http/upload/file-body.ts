import { RouteConfig } from '@nestjs/platform-fastify';
import { type ApiOperationOptions } from '@nestjs/swagger';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { UNSUPPORTED_MEDIA_TYPE } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';

const FORM = 'multipart/form-data';

/** The route's body is a file, sent as it is or in a form; the handler reads it with `Upload` as it arrives. */
export const FileBody = () => RouteConfig({ fileBody: true });

/** What such a route says of its body in `@ApiOperation`. */
export const FILE_REQUEST_BODY: ApiOperationOptions['requestBody'] = {
  required: true,
  content: {
    'text/csv': { schema: { type: 'string', format: 'binary' } },
    [FORM]: {
      schema: { type: 'object', properties: { file: { type: 'string', format: 'binary' } }, required: ['file'] },
    },
  },
};

export function takesFile(request: FastifyRequest): boolean {
  return (request.routeOptions.config as { fileBody?: boolean } | undefined)?.fileBody === true;
}

/** Lets routes with `@FileBody`, and no others, take files. The body is left unread for them. */
export function addFileParser(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(['text/csv', FORM], (request, _payload, done) => {
    if (takesFile(request)) done(null, undefined);
    else done(new Problem(UNSUPPORTED_MEDIA_TYPE, 'This route does not take a file.'));
  });
}
