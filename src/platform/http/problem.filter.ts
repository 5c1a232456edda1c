import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Injectable,
  Logger,
  NotFoundException,
} from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  BAD_REQUEST,
  CONFLICT,
  FORBIDDEN,
  HEADERS_TOO_LARGE,
  INTERNAL_ERROR,
  INVALID_JSON,
  METHOD_NOT_ALLOWED,
  NOT_ACCEPTABLE,
  NOT_FOUND,
  PAYLOAD_TOO_LARGE,
  PRECONDITION_FAILED,
  RATE_LIMITED,
  REQUEST_TIMEOUT,
  UNAUTHENTICATED,
  UNAVAILABLE,
  UNSUPPORTED_MEDIA_TYPE,
  URI_TOO_LONG,
} from '../../common/problems/http.problems';
import { Problem, type ProblemDocument, type ProblemType, problemDocument } from '../../common/problems/problem';
import { StrictJsonError } from '../../common/http/strict-json';
import { Config } from '../../config/config';
import { type RequestContext } from '../context/request-context';
import { databaseProblem } from '../database/database-errors';
import { RouteTable } from './route-table';

/** The answer to an earlier request with the same key: sent as it was. */
export class StoredProblem extends Error {
  constructor(
    readonly status: number,
    readonly document: ProblemDocument,
    readonly headers: Readonly<Record<string, string>>,
  ) {
    super(document.code);
  }
}

/** Type and detail for errors that frameworks throw: their own words may have internals, so ours are said instead. */
const BY_STATUS: Readonly<Record<number, readonly [ProblemType, string]>> = {
  400: [BAD_REQUEST, 'The request is not valid HTTP, or its address cannot be decoded.'],
  401: [UNAUTHENTICATED, 'Send a valid access token.'],
  403: [FORBIDDEN, 'You may not do this.'],
  404: [NOT_FOUND, 'Nothing is at this address.'],
  406: [NOT_ACCEPTABLE, 'The answer is not available in a form that the request accepts.'],
  408: [REQUEST_TIMEOUT, 'The request did not arrive in time.'],
  409: [CONFLICT, 'The request conflicts with what is there.'],
  412: [PRECONDITION_FAILED, 'It has changed since you read it.'],
  413: [PAYLOAD_TOO_LARGE, 'The body has more bytes than this route takes.'],
  414: [URI_TOO_LONG, 'The address, or a part of it, is too long.'],
  415: [UNSUPPORTED_MEDIA_TYPE, 'The route does not take a body of this Content-Type.'],
  429: [RATE_LIMITED, 'Too many requests; wait for the seconds in Retry-After.'],
  431: [HEADERS_TOO_LARGE, 'The request’s headers are too large.'],
  503: [UNAVAILABLE, 'The server cannot take this now; try again.'],
};

export function problemOfStatus(status: number, cause?: unknown): Problem {
  const [type, detail] =
    BY_STATUS[status] ??
    (status >= 400 && status < 500
      ? [BAD_REQUEST, 'The request cannot be processed.']
      : [INTERNAL_ERROR, 'Something failed here. The log has it under the trace id.']);
  return new Problem(type, detail, { cause });
}

/** Turns whatever was thrown into what the caller may know of it. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StrictJsonError) {
    const pointer = error.pointer;
    return new Problem(INVALID_JSON, error.message, {
      ...(pointer === undefined ? {} : { errors: [{ pointer, detail: error.message }] }),
    });
  }
  if (error instanceof HttpException) return problemOfStatus(error.getStatus(), error);
  const fromDatabase = databaseProblem(error);
  if (fromDatabase) return fromDatabase;
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof status === 'number' && typeof code === 'string' && code.startsWith('FST_ERR'))
    return problemOfStatus(status, error);
  return problemOfStatus(500, error);
}

/** The one place that turns errors into `application/problem+json` (API-01). */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(
    private readonly config: Config,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.send(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  send(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    if (reply.sent) return;
    if (error instanceof StoredProblem) {
      void reply
        .status(error.status)
        .headers(error.headers)
        .type('application/problem+json')
        .send(JSON.stringify(error.document));
      return;
    }
    const problem = error instanceof NotFoundException ? this.unknownRoute(request) : toProblem(error);
    if (problem.status >= 500) this.logger.error({ msg: problem.message, err: problem.options.cause ?? error });
    // RFC 5789 section 3.1
    if (problem.status === 415 && request.method === 'PATCH')
      void reply.header('accept-patch', 'application/merge-patch+json, application/json');
    const document = problemDocument(
      problem,
      this.config.http.publicUrl,
      (request.context as RequestContext | undefined)?.traceId,
    );
    void reply
      .status(problem.status)
      .headers(
        problem.status === 401
          ? { 'www-authenticate': 'Bearer', ...problem.options.headers }
          : { ...problem.options.headers },
      )
      .type('application/problem+json')
      .send(JSON.stringify(document));
  }

  /** Fastify answers 404 to a known address with another method; HTTP wants 405 and `Allow`. */
  private unknownRoute(request: FastifyRequest): Problem {
    const allowed = this.routes.methodsAt(request.url);
    if (allowed.length === 0) return problemOfStatus(404);
    return new Problem(METHOD_NOT_ALLOWED, `This address takes ${allowed.join(', ')}.`, {
      headers: { allow: allowed.join(', ') },
    });
  }
}
