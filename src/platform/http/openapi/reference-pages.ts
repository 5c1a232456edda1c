import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { sortedJson } from './sorted-json';

/** What these pages need on top of nothing: their own scripts, and styles that they set while they run. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  // trying an operation out calls it on this server only
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');
const PAGES = /^\/(docs|reference)(\/|\?|$)/;

/**
 * The API description, for programs at `/openapi.json`, and for people at `/docs` (Swagger UI, to try operations out)
 * and `/reference` (Scalar, to read). All of it comes from this process: the pages work offline. The document is made
 * when somebody asks for it first.
 */
export function serveReference(app: NestFastifyApplication, make: () => OpenAPIObject): void {
  const fastify = app.getHttpAdapter().getInstance();
  let made: OpenAPIObject | undefined;
  const document = () => (made ??= make());

  fastify.addHook('onRequest', (request, reply, done) => {
    if (PAGES.test(request.url)) reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
    done();
  });
  SwaggerModule.setup('docs', app, () => withShortDescription(document()), {
    raw: false,
    customSiteTitle: 'Daybook API',
    customCss: '.swagger-ui .topbar { display: none }',
    swaggerOptions: {
      // a token that was put in survives reloading the page
      persistAuthorization: true,
      displayRequestDuration: true,
      displayOperationId: true,
      docExpansion: 'none',
      filter: true,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      // the validator's badge would come from elsewhere
      validatorUrl: null,
    },
  });

  const file = (path: string, type: string, content: () => string | Promise<Buffer>): void => {
    fastify.get(path, async (_request, reply) => {
      const body = await content();
      return reply.header('content-type', type).header('cache-control', 'public, max-age=3600').send(body);
    });
  };
  let script: Promise<Buffer> | undefined;
  let text: string | undefined;
  file('/openapi.json', 'application/json; charset=utf-8', () => (text ??= sortedJson(document())));
  file('/reference', 'text/html; charset=utf-8', () => REFERENCE_PAGE);
  file('/reference/start.js', 'text/javascript; charset=utf-8', () => START);
  file('/reference/scalar.js', 'text/javascript; charset=utf-8', () => (script ??= readFile(scalar())));
}

/** Who tries operations out wants to see them; the long text is what the other page is for. */
function withShortDescription(document: OpenAPIObject): OpenAPIObject {
  const [first = ''] = (document.info.description ?? '').split('\n');
  const description = `${first}\n\nWhat holds for all operations, and how to begin, is in the [reference](reference).`;
  return { ...document, info: { ...document.info, description } };
}

/** Scalar as one file for browsers; it comes with their Fastify plugin, which would put its settings into an inline script. */
function scalar(): string {
  return join(dirname(require.resolve('@scalar/fastify-api-reference')), 'js', 'standalone.js');
}

const REFERENCE_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Daybook API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<div id="reference"></div>
<script src="reference/scalar.js"></script>
<script src="reference/start.js"></script>
</html>
`;

const START = `Scalar.createApiReference('#reference', {
  url: 'openapi.json',
  // neither fonts nor statistics from or to anywhere else
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  authentication: { preferredSecurityScheme: 'accessToken' },
  persistAuth: true,
  defaultOpenAllTags: false,
  operationTitleSource: 'summary',
});
`;
