import { type LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as Pino, type LoggerOptions, pino, stdSerializers } from 'pino';
import { requestContext } from '../context/request-context';

/** Keys whose values never reach the log, at the depths that log lines have. */
const SECRET_KEYS = ['password', 'authorization', 'cookie', 'accessToken', 'refreshToken', 'secret', 'token', 'apiKey'];
const redact = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`]).concat(
  '["set-cookie"]',
  '*["set-cookie"]',
  '*.*["set-cookie"]',
);

/** JSON lines on standard output, or where they are told to go; each carries the request, trace, tenant and user it belongs to. */
export function createLogger(level: string, destination?: DestinationStream): Pino {
  const options: LoggerOptions = {
    level,
    redact: { paths: redact, censor: '[redacted]' },
    base: { service: 'daybook' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: safeError },
    mixin: () => {
      const context = requestContext.current();
      if (!context) return {};
      return {
        requestId: context.requestId,
        traceId: context.traceId,
        ...(context.tenantId === undefined ? {} : { tenantId: context.tenantId }),
        ...(context.principal === undefined
          ? {}
          : { principalKind: context.principal.kind, principalId: context.principal.id }),
      };
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** TypeORM's errors carry the statement's parameters, which may be secrets or money: they stay out. */
function safeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { query, ...said } = stdSerializers.err(error) as unknown as Record<string, unknown>;
  const rest = Object.entries(said).filter(
    ([name]) => !['parameters', 'driverError', 'detail', 'where'].includes(name),
  );
  return { ...Object.fromEntries(rest), ...(typeof query === 'string' ? { query: query.slice(0, 200) } : {}) };
}

/** Nest tells of each module and route at start: worth a look when something is missing, noise otherwise. */
const CHATTY = new Set(['InstanceLoader', 'RouterExplorer', 'RoutesResolver']);

/** Nest's `Logger` on pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log = (message: unknown, ...rest: unknown[]) => {
    this.write(CHATTY.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  };
  error = (message: unknown, ...rest: unknown[]) => {
    this.write('error', message, rest);
  };
  warn = (message: unknown, ...rest: unknown[]) => {
    this.write('warn', message, rest);
  };
  debug = (message: unknown, ...rest: unknown[]) => {
    this.write('debug', message, rest);
  };
  verbose = (message: unknown, ...rest: unknown[]) => {
    this.write('trace', message, rest);
  };
  fatal = (message: unknown, ...rest: unknown[]) => {
    this.write('fatal', message, rest);
  };

  private write(
    level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    // Nest passes the name of the class last, and a stack before it for errors
    const context = typeof rest.at(-1) === 'string' ? { context: rest.at(-1) } : {};
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? { stack: rest[0] } : {};
    if (message instanceof Error) this.pino[level]({ ...context, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) this.pino[level]({ ...context, ...stack, ...message });
    else this.pino[level]({ ...context, ...stack }, String(message));
  }
}
