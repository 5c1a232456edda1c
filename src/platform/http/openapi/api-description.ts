import { type Config } from '../../../config/config';
import { MAX_DEPTH } from '../../../common/http/strict-json';
import { PAGE_LIMIT, PAGE_LIMIT_MAX } from '../pagination/page.dto';

/** What holds for every route, in Markdown: the first page of the API description. */
export function describeApi({ http, throttle, security, idempotency }: Config): string {
  return `
The multi-tenant backend for products that move money: identity, tenants, a double-entry ledger and background jobs.

## Authentication

Sign in with \`POST /v1/auth/sign-in\` and send the answer's \`accessToken\` as \`Authorization: Bearer …\`. It lives for
${security.accessTokenSeconds} seconds; get the next one with \`POST /v1/auth/refresh\` and the \`refreshToken\`, which is good for one
use. A token works in one tenant. Who belongs to several names another one in \`${http.tenantHeader}\`; what belongs to a
tenant that is not yours is answered like what does not exist. Each operation says which permission it asks for;
\`GET /v1/me\` lists those that you have.

Programs send an API key in the same place: \`POST /v1/api-keys\` makes one, with its permissions, ledgers, accounts,
addresses, quota and end. Routes that give or take access ask for a person who has signed in within the last five
minutes; others get 401 with the challenge \`insufficient_user_authentication\` (RFC 9470).

## Idempotency

A \`POST\` that creates or moves something asks for an \`Idempotency-Key\`: 1 to 255 printable ASCII characters, a new
value per intention, the same one on every retry. The key and the effect are committed together, so a retry is never
executed twice: it gets the first answer again, with \`Idempotent-Replayed: true\`. The same key with another content is
refused (422), and one whose first request is still running as well (409, with \`Retry-After\`). Keys are remembered for
${idempotency.retentionDays} days, per person or API key and operation. After a lost connection, a 503 or a time-out: send it again with the same key.

## Pagination

Lists answer \`{ "items": […], "next": cursor | null, "previous": cursor | null }\`. Send \`next\` or \`previous\` back as
\`cursor\`; it carries the filters, so it may be sent alone. \`limit\` is ${PAGE_LIMIT} unless you say otherwise, ${PAGE_LIMIT_MAX} at the most.
Pages are stable while rows are inserted.

## Concurrency

What can be changed has an \`ETag\`. A \`PATCH\` or \`DELETE\` sends it in \`If-Match\`; without it the answer is 428, and 412
when the thing has changed since. \`PATCH\` takes a JSON Merge Patch (RFC 7396): what is left out stays as it is.

## Errors

Every answer of 400 and above is \`application/problem+json\` (RFC 9457). Programs look at \`code\`, which never changes;
\`detail\` is for people. \`type\` is the address of a page that says what happened and how to mend it; all are listed at
[${http.publicUrl}/problems](${http.publicUrl}/problems). \`errors\` points at fields with JSON Pointers, and \`traceId\` is what to quote to
support. Any operation may be answered with a problem that is not in its list, such as 405, 414 or 431.

## Money

An amount is a decimal string with at most as many decimals as its currency has, such as \`"25.00"\`: no sign, exponent
or leading zero. JSON numbers are refused, and nothing is ever rounded. The direction, debit or credit, says which way
it goes. Currencies are those of ISO 4217 and those that the tenant has defined.

## Time

RFC 3339 with a time zone; answers are in UTC with milliseconds. \`effectiveAt\` is when something happened, \`createdAt\`
when the ledger knew. Balances can be read as of a moment on either axis.

## Limits

| what | at the most | beyond it |
|---|---|---|
| body | ${bytes(http.bodyLimit)} (imports: ${bytes(http.importLimit)}) | 413 |
| headers together | 16 KiB | 431 |
| a part of the path | 512 characters | 414 |
| levels of JSON | ${MAX_DEPTH} | 400 |
| numbers in JSON | ±(2^53 − 1) | 400 |
| time to send the headers, and then the body | ${http.requestTimeoutMs / 1000} seconds each (imports: ${http.uploadTimeoutMs / 60_000} minutes) | 408 |
| requests per session (without one: per address) | ${throttle.limit} in ${throttle.windowSeconds} seconds | 429 |
| requests per API key without a quota of its own | ${throttle.keyLimit} in ${throttle.windowSeconds} seconds | 429 |
| requests of all credentials of a tenant | ${throttle.tenantLimit} in ${throttle.windowSeconds} seconds | 429 |
| attempts to sign in, per address and per e-mail | ${throttle.signInLimit} in ${throttle.windowSeconds} seconds | 429 |

The \`RateLimit\` and \`RateLimit-Policy\` headers say what is left; 429 and 503 come with \`Retry-After\`. JSON with the same
key twice, with a key such as \`__proto__\`, or with a field that the operation does not know is refused (400).

## Versions

The version is the first part of the path. Within \`v1\` fields and operations are added, never removed or changed in
meaning: a client ignores fields of answers that it does not know. What is going to end says so in the \`Deprecation\` and
\`Sunset\` headers first.

## Tracing

A W3C \`traceparent\` header is taken up and answered; a malformed one begins a new trace.
`.trim();
}

function bytes(count: number): string {
  return count >= 1_048_576 ? `${round(count / 1_048_576)} MiB` : `${round(count / 1024)} KiB`;
}

const round = (value: number) => String(Math.round(value * 10) / 10);
