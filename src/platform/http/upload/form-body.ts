import { RouteConfig } from '@nestjs/platform-fastify';
import { type FastifyInstance } from 'fastify';
import { UNSUPPORTED_MEDIA_TYPE } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';

const FORM_BYTES = 16_384;

/** The route's body is the fields of a form, as OAuth has it: `request.body` is `URLSearchParams`. */
export const FormBody = () => RouteConfig({ formBody: true });

/** Lets routes with `@FormBody`, and no others, take forms: a page of somebody else can make a browser send one. */
export function addFormParser(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_BYTES },
    (request, body, done) => {
      const { formBody } = request.routeOptions.config as { readonly formBody?: boolean };
      if (formBody === true) done(null, new URLSearchParams(body as string));
      else done(new Problem(UNSUPPORTED_MEDIA_TYPE, 'This route takes JSON, not forms.'));
    },
  );
}
