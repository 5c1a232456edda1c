import { type Socket } from 'node:net';
import { NotFoundException } from '@nestjs/common';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { formatTraceparent, traceContextFrom } from '../../common/http/trace-context';
import { REQUEST_TIMEOUT } from '../../common/problems/http.problems';
import { Problem, problemDocument } from '../../common/problems/problem';
import { type Config } from '../../config/config';
import { type ProblemFilter, problemOfStatus, toProblem } from './problem.filter';
import { type RouteTable } from './route-table';
import { sendsLines } from './upload/bulk-body';
import { takesFile } from './upload/file-body';

/** On every answer. Pages that need more say so themselves. */
export function securityHeaders({ http }: Config): Readonly<Record<string, string>> {
  return {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-site',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    ...(http.publicUrl.startsWith('https:')
      ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }
      : {}),
  };
}

/** Answers what the router cannot read, such as `/%zz`. No hook has run for it. */
export function answerUnreadableAddress(config: Config) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const trace = traceContextFrom(request.headers.traceparent);
    request.context = { requestId: request.id, traceId: trace.traceId, spanId: trace.spanId };
    const problem = toProblem(error);
    void reply
      .status(problem.status)
      .headers({ ...securityHeaders(config), traceparent: formatTraceparent(trace) })
      .type('application/problem+json')
      .send(JSON.stringify(problemDocument(problem, config.http.publicUrl, trace.traceId)));
  };
}

const SOCKET_STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
const PHRASE: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Answers what is not HTTP: it never becomes a request, and gets a problem document all the same. */
export function answerSocket(config: Config) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable || socket.destroyed) {
      socket.destroy();
      return;
    }
    const status = SOCKET_STATUS[error.code ?? ''] ?? 400;
    const body = JSON.stringify(problemDocument(problemOfStatus(status), config.http.publicUrl));
    const headers = {
      ...securityHeaders(config),
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.end([`HTTP/1.1 ${status} ${PHRASE[status] ?? ''}`, ...lines, '', body].join('\r\n'));
  };
}

/** Refuses requests for which no route is, before their body is read. */
export function refuseUnroutable(fastify: FastifyInstance, problems: ProblemFilter, routes: RouteTable): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // RFC 9112 section 3.2; Node's own refusal would be no problem document
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      void reply.header('connection', 'close');
      problems.send(problemOfStatus(400), request, reply);
    } else done();
  });
  // after the hooks that say which origins may read the answer, and which addresses a process serves at all
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (request.method === 'OPTIONS') {
      const allowed = routes.methodsAt(request.url);
      // a browser would say of a preflight that fails that it may not call, not that nothing is there
      if (isPreflight(request)) void reply.status(204).send();
      else if (allowed.length === 0) problems.send(new NotFoundException(), request, reply);
      else
        void reply
          .status(204)
          .header('allow', [...allowed, 'OPTIONS'].join(', '))
          .send();
    } else if (request.is404) problems.send(new NotFoundException(), request, reply);
    else done(null, payload);
  });
}

function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/**
 * A body that is parsed has to arrive in time; files and lines, which may be many, have a time limit of their own.
 * A request without a body has arrived when its headers have: its answer may take as long as it takes.
 */
export function limitBodyTime(fastify: FastifyInstance, milliseconds: number): void {
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (announcesBody(request) && !takesFile(request) && !sendsLines(request)) {
      const timer = setTimeout(() => {
        // it is there, though nobody has read it: some routes do not
        if (request.raw.complete) return;
        // answered without reading the body, as 415 is: nobody listens any more, and an error would end the process
        if (reply.sent || payload.listenerCount('error') === 0) {
          request.raw.socket.destroy();
          return;
        }
        const headers = { connection: 'close' };
        payload.emit('error', new Problem(REQUEST_TIMEOUT, 'The body did not arrive in time.', { headers }));
      }, milliseconds).unref();
      request.raw.once('close', () => {
        clearTimeout(timer);
      });
      payload.once('end', () => {
        clearTimeout(timer);
      });
    }
    done(null, payload);
  });
}

/** RFC 9112 section 6: without one of these headers a request has no body. */
function announcesBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
