import { randomUUID } from 'node:crypto';
import { type Socket } from 'node:net';
import { type VersioningOptions, VersioningType } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Logger as Pino } from 'pino';
import { openApiDocument } from './app.openapi';
import { formatTraceparent, traceContextFrom } from './common/http/trace-context';
import { parseStrictJson } from './common/http/strict-json';
import { problemDocument } from './common/problems/problem';
import { type Config } from './config/config';
import { requestContext } from './platform/context/request-context';
import { Lifecycle } from './platform/lifecycle/lifecycle';
import { closeSilentConnections } from './platform/lifecycle/silent-connections';
import { Metrics } from './platform/telemetry/metrics';
import { addDashboard } from './platform/queue/dashboard';
import { isNotModified } from './platform/http/concurrency/not-modified';
import { serveReference } from './platform/http/openapi/reference-pages';
import { ProblemFilter, problemOfStatus, toProblem } from './platform/http/problem.filter';
import { RouteTable } from './platform/http/route-table';
import { addFileParser, takesFile } from './platform/http/upload/file-body';
import { ProblemValidationPipe } from './platform/http/validation.pipe';

/** The version is the first part of an address: `/v1`. */
export const VERSIONING: VersioningOptions = { type: VersioningType.URI, defaultVersion: '1' };

/** Fastify, set up so that everything it answers by itself is a problem document too. */
export function createAdapter(config: Config): FastifyAdapter {
  const { http } = config;
  return new FastifyAdapter({
    logger: false,
    bodyLimit: http.bodyLimit,
    trustProxy: http.trustProxy.length > 0 ? [...http.trustProxy] : false,
    // the longest that any route allows; the others are held to theirs by `addBodyDeadline`
    requestTimeout: Math.max(http.requestTimeoutMs, http.importTimeoutMs),
    http: { headersTimeout: http.requestTimeoutMs },
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    // while it closes it still serves what connections that are open ask for, and asks them to go
    return503OnClosing: false,
    // ours, never the caller's: it is in logs
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 512, ignoreDuplicateSlashes: false, ignoreTrailingSlash: false },
    clientErrorHandler: (error: Error & { code?: string }, socket: Socket) => {
      answerRawly(socket, error.code, http.publicUrl);
    },
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      const problem = toProblem(error);
      void reply
        .status(problem.status)
        .type('application/problem+json')
        .send(JSON.stringify(problemDocument(problem, http.publicUrl)));
    },
  } as never);
}

/** What every process that serves HTTP has, tests included. Before `app.init()`. */
export function setUpApp(app: NestFastifyApplication, config: Config, logger: Pino): void {
  const fastify = app.getHttpAdapter().getInstance();
  app.get(RouteTable).watch(fastify);
  closeSilentConnections(fastify);
  addContext(app, logger);
  addParsers(app, config);
  addBodyDeadline(app, config);
  addHeaders(app, config);
  addNotModified(app);
  addDashboard(app);
  serveReference(app, () => openApiDocument(app, config));
  app.enableVersioning(VERSIONING);
  app.useGlobalPipes(new ProblemValidationPipe());
  app.useGlobalFilters(app.get(ProblemFilter));
  app.enableCors({
    origin: [...config.http.corsOrigins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'etag',
      'link',
      'location',
      'idempotent-replayed',
      'ratelimit',
      'ratelimit-policy',
      'retry-after',
      'traceparent',
    ],
    maxAge: 600,
  });
}

function addContext(app: NestFastifyApplication, logger: Pino): void {
  const fastify = app.getHttpAdapter().getInstance();
  const metrics = app.get(Metrics);
  const lifecycle = app.get(Lifecycle);
  // these lines have fixed fields, none of them secret: looking for secrets would cost more than the rest of the line
  const requests = logger.child({}, { redact: [] });
  fastify.decorateRequest('context', null as never);
  fastify.decorateRequest('principal', undefined);
  fastify.addHook('onRequest', (request, reply, done) => {
    const { traceId, spanId, sampled } = traceContextFrom(request.headers.traceparent);
    request.context = { requestId: request.id, traceId, spanId };
    reply.header('traceparent', formatTraceparent({ traceId, spanId, sampled }));
    requestContext.run(request.context, done);
  });
  // reading the body leaves the asynchronous context of the first hook
  fastify.addHook('preValidation', (request, _reply, done) => {
    requestContext.run(request.context, done);
  });
  // Fastify closes idle connections, but would wait for a kept one that was busy until its client lets go
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (lifecycle.draining) reply.header('connection', 'close');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { context } = request;
    metrics.requests.observe(
      { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode },
      reply.elapsedTime / 1000,
    );
    const quiet = request.url.startsWith('/health') || request.url.startsWith('/metrics');
    requests[reply.statusCode >= 500 ? 'warn' : quiet ? 'debug' : 'info']({
      requestId: context.requestId,
      traceId: context.traceId,
      tenantId: context.tenantId,
      userId: context.principal?.userId,
      method: request.method,
      // the pattern, not the address: addresses have account codes and cursors in them
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      msg: 'request',
    });
    done();
  });
}

function addParsers(app: NestFastifyApplication, config: Config): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'string', bodyLimit: config.http.bodyLimit },
    (_request, body, done) => {
      if (body === '') {
        done(null, undefined);
        return;
      }
      try {
        done(null, parseStrictJson(body as string));
      } catch (error) {
        done(error as Error);
      }
    },
  );
  addFileParser(fastify);
}

/** Node has one time limit for whole requests, and the file of an import needs a longer one than anything else. */
function addBodyDeadline(app: NestFastifyApplication, { http }: Config): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if ((length !== undefined || encoding !== undefined) && !takesFile(request)) {
      const timer = setTimeout(() => {
        if (!request.raw.complete && !reply.sent)
          answerRawly(request.raw.socket, 'ERR_HTTP_REQUEST_TIMEOUT', http.publicUrl);
      }, http.requestTimeoutMs);
      const clear = () => {
        clearTimeout(timer);
      };
      payload.once('end', clear);
      reply.raw.once('close', clear);
    }
    done(null, payload);
  });
}

function addHeaders(app: NestFastifyApplication, config: Config): void {
  const secure = config.http.publicUrl.startsWith('https:');
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (_request, reply, done) => {
      reply.header('x-content-type-options', 'nosniff');
      reply.header('x-frame-options', 'DENY');
      reply.header('referrer-policy', 'no-referrer');
      reply.header('cross-origin-opener-policy', 'same-origin');
      reply.header('cross-origin-resource-policy', 'same-site');
      reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
      reply.header('cache-control', 'no-store');
      if (secure) reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
      done();
    });
}

/** A reader who has the current version gets 304 and no body (API-10). */
function addNotModified(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (request, reply, payload, done) => {
      if (!isNotModified(request, reply)) {
        done(null, payload);
        return;
      }
      void reply.status(304).removeHeader('content-type').removeHeader('content-length');
      done(null, '');
    });
}

const SOCKET_STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
const PHRASE: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** What is not HTTP never reaches a route; it gets a problem document all the same. */
function answerRawly(socket: Socket, code: string | undefined, publicUrl: string): void {
  if (code === 'ECONNRESET' || !socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const status = SOCKET_STATUS[code ?? ''] ?? 400;
  const body = JSON.stringify(problemDocument(problemOfStatus(status), publicUrl));
  socket.end(
    `HTTP/1.1 ${status} ${PHRASE[status] ?? ''}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
