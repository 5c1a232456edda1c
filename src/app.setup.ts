import { randomUUID } from 'node:crypto';
import { type VersioningOptions, VersioningType } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Logger as Pino } from 'pino';
import { openApiDocument } from './app.openapi';
import { formatTraceparent, traceContextFrom } from './common/http/trace-context';
import { parseStrictJsonBytes } from './common/http/strict-json';
import { type Config } from './config/config';
import { requestContext } from './platform/context/request-context';
import { Features } from './platform/features/features';
import { Lifecycle } from './platform/lifecycle/lifecycle';
import { closeSilentConnections } from './platform/lifecycle/silent-connections';
import { Metrics } from './platform/telemetry/metrics';
import { addDashboard } from './platform/queue/dashboard';
import {
  answerSocket,
  answerUnreadableAddress,
  limitBodyTime,
  refuseUnroutable,
  securityHeaders,
} from './platform/http/before-routing';
import { onceByOf } from './platform/http/idempotency/once-by';
import { isNotModified } from './platform/http/concurrency/not-modified';
import { limitRequestTime } from './platform/http/request-deadline';
import { interceptHandlers } from './platform/http/handler-interceptors';
import { serveReference } from './platform/http/openapi/reference-pages';
import { ProblemFilter, problemOfStatus } from './platform/http/problem.filter';
import { RouteTable } from './platform/http/route-table';
import { addFormParser } from './platform/http/upload/form-body';
import { addBulkParser } from './platform/http/upload/bulk-body';
import { addFileParser } from './platform/http/upload/file-body';
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
    requestTimeout: http.uploadTimeoutMs,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    // while it closes it still serves what connections that are open ask for, and asks them to go
    return503OnClosing: false,
    // ours, never the caller's: it is in logs
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 512, ignoreDuplicateSlashes: false, ignoreTrailingSlash: false },
    // Node looks at what is late once per interval, of 30 seconds by default
    http: { headersTimeout: http.requestTimeoutMs, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    clientErrorHandler: answerSocket(config),
    frameworkErrors: answerUnreadableAddress(config),
  } as never);
}

/** What every process that serves the API has, tests included. Before `app.init()`. */
export function setUpApp(app: NestFastifyApplication, config: Config, logger: Pino): void {
  setUpHttp(app, config, logger);
  refuseEarly(app, config);
  addDashboard(app);
  if (config.http.apiDocs) serveReference(app, () => openApiDocument(app, config, app.get(Features)));
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
      'x-total-count',
    ],
    maxAge: 600,
    // OPTIONS is answered in one place (refuseUnroutable), with the headers that every answer has
    preflightContinue: true,
    strictPreflight: false,
  });
}

/** What a worker has: it is asked how it does, and nothing else. Before `app.init()`. */
export function setUpProbes(app: NestFastifyApplication, config: Config, logger: Pino): void {
  setUpHttp(app, config, logger);
  const problems = app.get(ProblemFilter);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      // the route that was found, not the address that was sent: there are many ways to write one
      if (PROBES.has(request.routeOptions.url ?? '')) done();
      else problems.send(problemOfStatus(404), request, reply);
    });
  refuseEarly(app, config);
}

const PROBES = new Set(['/health/live', '/health/ready', '/metrics']);

function setUpHttp(app: NestFastifyApplication, config: Config, logger: Pino): void {
  const fastify = app.getHttpAdapter().getInstance();
  app.get(RouteTable).watch(fastify);
  closeSilentConnections(fastify);
  addContext(app, logger);
  limitRequestTime(fastify, app.get(ProblemFilter), config.http);
  addParsers(app, config);
  addHeaders(app, config);
  addNotModified(app);
  app.enableVersioning(VERSIONING);
  interceptHandlers(app);
  app.useGlobalPipes(new ProblemValidationPipe());
  app.useGlobalFilters(app.get(ProblemFilter));
}

function refuseEarly(app: NestFastifyApplication, config: Config): void {
  const fastify = app.getHttpAdapter().getInstance();
  refuseUnroutable(fastify, app.get(ProblemFilter), app.get(RouteTable));
  limitBodyTime(fastify, config.http.requestTimeoutMs);
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
    request.context = { requestId: request.id, traceId, spanId, source: request.ip, onceBy: () => onceByOf(request) };
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
      principalKind: context.principal?.kind,
      principalId: context.principal?.id,
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
    { parseAs: 'buffer', bodyLimit: config.http.bodyLimit },
    (_request, body, done) => {
      if (body.length === 0) {
        done(null, undefined);
        return;
      }
      try {
        done(null, parseStrictJsonBytes(body as Buffer));
      } catch (error) {
        done(error as Error);
      }
    },
  );
  addFileParser(fastify);
  addBulkParser(fastify, config.http.bulkLimit);
  addFormParser(fastify);
}

function addHeaders(app: NestFastifyApplication, config: Config): void {
  const headers = securityHeaders(config);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (_request, reply, done) => {
      reply.headers(headers);
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
