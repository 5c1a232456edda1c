import { isNativeError } from 'node:util/types';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { CONFLICT, INTERNAL_ERROR, UNAVAILABLE } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';

/** What node-postgres and TypeORM throw, told apart by what a caller can do about it. */
interface PostgresError extends Error {
  readonly code?: string;
  readonly constraint?: string;
  readonly routine?: string;
}

function postgresError(error: unknown): PostgresError | undefined {
  if (error instanceof QueryFailedError) return error.driverError as PostgresError;
  // instanceof does not know errors of another realm, such as those of Node's own modules in a vm context
  return isNativeError(error) ? error : undefined;
}

/** SQLSTATE, or Node's error code for the socket. */
export function errorCode(error: unknown): string | undefined {
  return postgresError(error)?.code;
}

/** Name of the violated constraint. For code that knows what it means; it is never shown. */
export function violatedConstraint(error: unknown): string | undefined {
  return postgresError(error)?.constraint;
}

/** Serialization failure or deadlock: the same work, run again as a whole, can succeed. */
export function shouldRetry(error: unknown): boolean {
  const code = errorCode(error);
  return code === '40001' || code === '40P01';
}

/**
 * A standby refuses BEGIN READ WRITE as a setting that it cannot have, and other writes as such. Its words depend on the
 * server's language; the name of the routine does not.
 */
function refusedByStandby(error: unknown, mode: 'read' | 'write'): boolean {
  const code = errorCode(error);
  return (
    (code === '25006' && mode === 'write') ||
    (code === '0A000' && postgresError(error)?.routine === 'call_bool_check_hook')
  );
}

const SOCKET = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN']);

/** The connection is gone or was never there: what was in progress on it is not known. */
export function connectionLost(error: unknown): boolean {
  if (error instanceof QueryRunnerAlreadyReleasedError) return true;
  const code = errorCode(error);
  // class 08 connection exception; 57P01..03 shutdown; 53300 too many connections; 25006 a standby; 53100 disk full
  if (code !== undefined && (code.startsWith('08') || code.startsWith('57P') || SOCKET.has(code))) return true;
  const message = postgresError(error)?.message ?? '';
  return /Connection terminated|Client has encountered a connection error|not queryable|Query read timeout|timeout exceeded when trying to connect/.test(
    message,
  );
}

/** As OpenSSL and Node name what is wrong with a certificate. */
const CERTIFICATE = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/;

/** Why there is no connection, and how to mend it; undefined of what may pass by itself, and of other errors. */
export function connectionRefused(error: unknown): string | undefined {
  const { code = '', message = '' } = postgresError(error) ?? {};
  if (code === '28P01' || code === '28000')
    return `The database refuses the login: ${message}. Compare the URL's user and password with what \`bootstrap\` was given.`;
  if (code === '3D000') return `There is no such database: ${message}. Run \`node dist/cli.js bootstrap\` first.`;
  if (CERTIFICATE.test(code))
    return `The database's certificate is not accepted: ${message}. \`sslrootcert\` in the URL names the file with the certificate of its authority.`;
  if (message.includes('does not support SSL')) return `${message}, and the URL asks for it (\`sslmode\`).`;
  return undefined;
}

/**
 * The problem that a failure of the database is to the caller; undefined where it is not one of the database.
 * @param mode of the transaction that failed: a write that is refused in one that was opened to read is a defect of the
 *   code, in another one it means that the server is a standby
 * @param keys fields of the request that a unique key is about, by the name of its constraint
 */
export function databaseProblem(
  error: unknown,
  mode: 'read' | 'write' = 'write',
  keys: ReadonlyMap<string, readonly string[]> = new Map(),
): Problem | undefined {
  if (error instanceof Problem) return undefined;
  const unavailable = (detail: string) =>
    new Problem(UNAVAILABLE, detail, { cause: error, headers: { 'retry-after': '1' } });
  if (connectionLost(error))
    return unavailable('The database does not answer. Nothing is known to have changed; try again.');
  const code = errorCode(error);
  if (code === undefined) return undefined;
  if (code === '57014' || code === '55P03' || code === '25P03')
    return unavailable('The database took too long. Nothing was changed; try again.');
  if (shouldRetry(error))
    return unavailable('Too many requests changed the same thing at once. Nothing was changed; try again.');
  if (code === '53300' || code === '53100' || code === '53200' || refusedByStandby(error, mode))
    return unavailable('The database cannot take this now. Nothing was changed; try again.');
  if (code === '23505') return taken(error, keys.get(violatedConstraint(error) ?? '') ?? []);
  if (code === '23503')
    return new Problem(CONFLICT, 'The request refers to something that does not exist, or removes something in use.', {
      cause: error,
    });
  if (error instanceof QueryFailedError || /^[0-9A-Z]{5}$/.test(code))
    return new Problem(INTERNAL_ERROR, 'The request could not be carried out. Nothing was changed.', { cause: error });
  return undefined;
}

function taken(cause: unknown, fields: readonly string[]): Problem {
  if (fields.length === 0) return new Problem(CONFLICT, 'The same exists already. Nothing was changed.', { cause });
  const what = fields.join(' and ');
  return new Problem(CONFLICT, `Another one has the same ${what} already. Nothing was changed.`, {
    cause,
    errors: fields.map((field) => ({
      pointer: `/${field}`,
      detail: fields.length === 1 ? 'is taken: choose another, or use the one that has it' : `is taken, with ${what}`,
    })),
  });
}
