import { defineProblem } from './problem';

/** Problems that any route can answer. Those of one module stand in its `<name>.errors.ts`. */
export const BAD_REQUEST = defineProblem({
  code: 'bad-request',
  status: 400,
  title: 'Bad request',
  description: 'The request could not be read: its address, headers or form are not valid HTTP.',
  remedy: 'Read the detail; send the request again in the form that the API description gives.',
});
export const INVALID_JSON = defineProblem({
  code: 'invalid-json',
  status: 400,
  title: 'The body is not acceptable JSON',
  description:
    'The body is not JSON, has the same key twice, a key such as __proto__, an integer beyond 2^53, more than 32 levels or a NUL character. Such a body can mean different things to different readers, so it is refused.',
  remedy: 'Mend the body at the place that the detail names. Send amounts as strings.',
});
export const VALIDATION_FAILED = defineProblem({
  code: 'validation-failed',
  status: 400,
  title: 'The request has invalid fields',
  description: 'One or more fields are missing, unknown or have a wrong form. Nothing was changed.',
  remedy: 'Each item of `errors` points at a field and says what it must be.',
});
export const UNAUTHENTICATED = defineProblem({
  code: 'unauthenticated',
  status: 401,
  title: 'Sign in first',
  description: 'The request has no valid access token or API key: it is missing, expired, revoked or not one of ours.',
  remedy: 'Sign in or refresh, and send `Authorization: Bearer <access token>`; programs send an API key there.',
});
export const FORBIDDEN = defineProblem({
  code: 'forbidden',
  status: 403,
  title: 'Not permitted',
  description: 'You are known, but your role or credential lacks what the route asks for.',
  remedy: 'Ask an owner or admin of the tenant for a role that has the permission named in the detail.',
});
export const INSUFFICIENT_USER_AUTHENTICATION = defineProblem({
  code: 'insufficient-user-authentication',
  status: 401,
  title: 'Sign in again',
  description:
    'The route gives or takes access, and so it asks for a person who has just proved who they are. The challenge is that of RFC 9470: `max_age` says how long ago the sign-in may be.',
  remedy: 'Sign in again, and repeat the request with the new access token.',
});
export const OUTSIDE_GRANT = defineProblem({
  code: 'outside-grant',
  status: 403,
  title: 'Outside what the credential is limited to',
  description:
    'The credential is limited to some ledgers or accounts of the tenant. What reaches beyond them, or cannot be limited to them, is closed to it.',
  remedy: 'Use a credential without this limit, or with another one.',
});
export const TENANT_REQUIRED = defineProblem({
  code: 'tenant-required',
  status: 403,
  title: 'Choose a tenant',
  description: 'The route works inside a tenant, and the credential names none, or none that you belong to.',
  remedy: 'Sign in to a tenant that you belong to, or name one of yours in the tenant header.',
});
export const NOT_FOUND = defineProblem({
  code: 'not-found',
  status: 404,
  title: 'Not found',
  description: 'Nothing is there for you: it does not exist, or it belongs to somebody else.',
  remedy: 'Check the address and the id.',
});
export const METHOD_NOT_ALLOWED = defineProblem({
  code: 'method-not-allowed',
  status: 405,
  title: 'Method not allowed',
  description: 'The address exists but does not take this method.',
  remedy: 'Use a method from the `Allow` header.',
});
export const NOT_ACCEPTABLE = defineProblem({
  code: 'not-acceptable',
  status: 406,
  title: 'Not acceptable',
  description: 'The answer is not available in a form that the request accepts.',
  remedy: 'Send an Accept header that allows the types in the API description.',
});
export const REQUEST_TIMEOUT = defineProblem({
  code: 'request-timeout',
  status: 408,
  title: 'The request took too long to arrive',
  description: 'The client did not send its whole request in time.',
  remedy: 'Send it again; a retry with the same Idempotency-Key is safe.',
});
export const CONFLICT = defineProblem({
  code: 'conflict',
  status: 409,
  title: 'Conflict',
  description: 'Something with the same unique name exists already, or something else still refers to this.',
  remedy: 'Read the existing one, or choose another name.',
});
export const PRECONDITION_FAILED = defineProblem({
  code: 'precondition-failed',
  status: 412,
  title: 'It has changed since you read it',
  description: 'The ETag in If-Match is not that of the current version.',
  remedy: 'Read it again, look at what changed, and repeat the change with the new ETag.',
});
export const PAYLOAD_TOO_LARGE = defineProblem({
  code: 'payload-too-large',
  status: 413,
  title: 'The body is too large',
  description: 'The body has more bytes than this route takes.',
  remedy: 'Send less at once; large books go through imports.',
});
export const URI_TOO_LONG = defineProblem({
  code: 'uri-too-long',
  status: 414,
  title: 'The address is too long',
  description: 'The address, or a part of it, is longer than the server takes.',
  remedy: 'Use fewer or shorter filters.',
});
export const UNSUPPORTED_MEDIA_TYPE = defineProblem({
  code: 'unsupported-media-type',
  status: 415,
  title: 'Unsupported media type',
  description: 'The route does not take a body of this Content-Type.',
  remedy: 'Send application/json (PATCH also takes application/merge-patch+json), or what the API description says.',
});
export const UPLOAD_BROKEN = defineProblem({
  code: 'upload-broken',
  status: 400,
  title: 'The file did not arrive whole',
  description:
    'The body ended early, is not a form as its Content-Type says, or has not exactly one file. Nothing was kept.',
  remedy:
    'Send the file as the body with Content-Type text/csv, or as the one file of a multipart/form-data form; the same Idempotency-Key can be used again.',
});
export const PRECONDITION_REQUIRED = defineProblem({
  code: 'precondition-required',
  status: 428,
  title: 'If-Match is required',
  description: 'Changing this without saying which version you saw could overwrite somebody’s change.',
  remedy: 'Read it, and send its ETag in If-Match.',
});
export const RATE_LIMITED = defineProblem({
  code: 'rate-limited',
  status: 429,
  title: 'Too many requests',
  typeUri: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  description: 'The credential, or the address without one, has used its quota for this window.',
  remedy: 'Wait for the seconds in Retry-After.',
});
export const HEADERS_TOO_LARGE = defineProblem({
  code: 'headers-too-large',
  status: 431,
  title: 'The headers are too large',
  description: 'The request’s headers have more bytes than the server takes.',
  remedy: 'Send fewer or shorter headers.',
});
export const INTERNAL_ERROR = defineProblem({
  code: 'internal-error',
  status: 500,
  title: 'Something failed here',
  description: 'A defect on our side. The log has it under the trace id.',
  remedy: 'Try again with the same Idempotency-Key; if it stays, report the trace id.',
});
export const UNAVAILABLE = defineProblem({
  code: 'unavailable',
  status: 503,
  title: 'Temporarily unavailable',
  description: 'A service that the request needs does not answer, is overloaded, or the process is shutting down.',
  remedy: 'Send it again after Retry-After, with the same Idempotency-Key where there was one.',
});
export const OUTCOME_UNKNOWN = defineProblem({
  code: 'outcome-unknown',
  status: 503,
  title: 'The outcome is not known',
  description:
    'The connection to the database broke while the change was being committed, or the time of the request was over while it was being carried out: it is either done as a whole or not at all.',
  remedy: 'Repeat the request with the same Idempotency-Key: it is answered with the first outcome, or executed now.',
});
export const IDEMPOTENCY_KEY_REQUIRED = defineProblem({
  code: 'idempotency-key-required',
  status: 400,
  title: 'Idempotency-Key is required',
  description: 'The route creates or moves something. Without a key a retry could do it twice.',
  remedy:
    'Send Idempotency-Key: 1 to 255 printable ASCII characters, a new one per intention, the same one on retries.',
});
export const IDEMPOTENCY_KEY_INVALID = defineProblem({
  code: 'idempotency-key-invalid',
  status: 400,
  title: 'Idempotency-Key is malformed',
  description: 'The key is not 1 to 255 printable ASCII characters, bare or as a quoted string, sent once.',
  remedy: 'Send for instance a UUID.',
});
export const IDEMPOTENCY_KEY_IN_USE = defineProblem({
  code: 'idempotency-key-in-use',
  status: 409,
  title: 'The same request is still running',
  description: 'A request with this Idempotency-Key has not finished yet. This one was not executed.',
  remedy: 'Repeat it after Retry-After: it will be answered with the first outcome.',
});
export const IDEMPOTENCY_KEY_REUSED = defineProblem({
  code: 'idempotency-key-reused',
  status: 422,
  title: 'Idempotency-Key was used for another request',
  description: 'The key belongs to an earlier request with a different content. Nothing was executed.',
  remedy: 'Use a new key for a new intention.',
});
export const INVALID_CURSOR = defineProblem({
  code: 'invalid-cursor',
  status: 400,
  title: 'The cursor is not valid here',
  description: 'The cursor was altered, or belongs to another list, tenant or set of filters.',
  remedy: 'Start again without a cursor; a cursor carries its filters, so send it alone or with the same ones.',
});
