import { type OpenAPIObject } from '@nestjs/swagger';
import {
  FORBIDDEN,
  IDEMPOTENCY_KEY_IN_USE,
  IDEMPOTENCY_KEY_INVALID,
  IDEMPOTENCY_KEY_REQUIRED,
  IDEMPOTENCY_KEY_REUSED,
  INSUFFICIENT_USER_AUTHENTICATION,
  INTERNAL_ERROR,
  INVALID_CURSOR,
  INVALID_JSON,
  OUTSIDE_GRANT,
  PAYLOAD_TOO_LARGE,
  PRECONDITION_FAILED,
  PRECONDITION_REQUIRED,
  RATE_LIMITED,
  TENANT_REQUIRED,
  UNAUTHENTICATED,
  UNAVAILABLE,
  UNSUPPORTED_MEDIA_TYPE,
  VALIDATION_FAILED,
} from '../../../common/problems/http.problems';
import { exampleDocument, problemCatalogue, type ProblemType } from '../../../common/problems/problem';
import { type Config } from '../../../config/config';
import { groupByStatus, PROBLEM_MEDIA_TYPE, problemResponse } from '../api-problems';

type Json = Record<string, unknown>;
interface Response extends Json {
  description?: string;
  headers?: Json;
  content?: Record<string, { schema?: Json; examples?: Json }>;
}
interface Operation extends Json {
  summary?: string;
  description?: string;
  parameters?: { name?: string; in?: string; required?: boolean; $ref?: string }[];
  requestBody?: { content: Record<string, { schema?: Json }> };
  responses: Record<string, Response>;
  security?: unknown[];
}

const MERGE_PATCH = 'application/merge-patch+json';
const NO_BODY_NEEDED: Readonly<Record<string, string>> = {
  200: 'Here it is.',
  201: 'Created.',
  202: 'Accepted: it goes on in the background.',
  204: 'Done. The answer has no body.',
};
const ANY_REFUSAL = 'any-refusal';

/**
 * Adds what follows from the form of each route, so that no controller has to repeat it: problems, headers, the tenant
 * header, permissions, and that a body takes no unknown fields.
 */
export function completeDocument(document: OpenAPIObject, config: Config): OpenAPIObject {
  const catalogue = problemCatalogue();
  const schemas = document.components?.schemas as Record<string, Json>;
  const used = new Set<ProblemType>();
  for (const path of Object.values(document.paths))
    for (const [method, operation] of Object.entries(path as Record<string, Operation>))
      for (const type of completeOperation(method, operation, catalogue, schemas)) used.add(type);
  document.components = {
    ...document.components,
    parameters: { Tenant: tenantHeader(config) },
    headers: HEADERS,
    examples: Object.fromEntries([...used].sort(byCode).map((type) => [type.code, { summary: type.title, value: exampleDocument(type, config.http.publicUrl) }])),
    responses: referredResponses(document, [...used]) as never,
  };
  return document;
}

const byCode = (one: ProblemType, other: ProblemType) => (one.code < other.code ? -1 : 1);

/** Statuses with one problem share its response; the others have their own, and a linter frowns at what nobody uses. */
function referredResponses(document: OpenAPIObject, types: readonly ProblemType[]): Record<string, Response> {
  const paths = JSON.stringify(document.paths);
  const named: [string, Response][] = types.map((type) => [type.code, responseOf([type], type.status)]);
  return Object.fromEntries(
    [...named, [ANY_REFUSAL, responseOf([], 400)] as const].filter(([name]) =>
      paths.includes(`"#/components/responses/${name}"`),
    ),
  );
}

function completeOperation(
  method: string,
  operation: Operation,
  catalogue: readonly ProblemType[],
  schemas: Record<string, Json>,
): Set<ProblemType> {
  const guarded = operation.security !== undefined;
  // said, not left out: readers must not have to guess whether it was forgotten
  operation.security ??= [];
  const permission = operation['x-permission'];
  if (typeof permission === 'string')
    operation.description = `${operation.description ?? ''}\n\nPermission: \`${permission}\`.`.trim();
  if (operation['x-recent-sign-in'] === true)
    operation.description = `${operation.description ?? ''} For persons who have just signed in.`.trim();
  // what the platform's administrators may do is apart from any tenant
  if (guarded && !(typeof permission === 'string' && permission.startsWith('platform:')))
    operation.parameters = [...(operation.parameters ?? []), { $ref: '#/components/parameters/Tenant' }];

  const { requestBody } = operation;
  if (requestBody) {
    const json = requestBody.content['application/json'];
    if (method === 'patch' && json) requestBody.content[MERGE_PATCH] = json;
    for (const { schema } of Object.values(requestBody.content)) refuseUnknownFields(schema, schemas);
  }

  const stated = Object.values(operation.responses).flatMap(({ content }) =>
    Object.keys(content?.[PROBLEM_MEDIA_TYPE]?.examples ?? {}),
  );
  const problems = new Set([
    ...catalogue.filter(({ code }) => stated.includes(code)),
    ...problemsOfForm(operation),
  ]);
  const kept = Object.entries(operation.responses).filter(([status]) => Number(status) < 400);
  // refusals in the words of another standard, as OAuth has them
  const others = Object.entries(operation.responses).filter(
    ([status, { content }]) => Number(status) >= 400 && content !== undefined && !(PROBLEM_MEDIA_TYPE in content),
  );
  operation.responses = Object.fromEntries(kept);
  for (const [status, response] of kept) {
    response.description ||= NO_BODY_NEEDED[status] ?? 'Done.';
    if (hasHeader(operation, 'Idempotency-Key'))
      response.headers = { ...response.headers, 'Idempotent-Replayed': ref('headers', 'IdempotentReplayed') };
  }
  for (const [status, group] of groupByStatus(problems))
    operation.responses[status] =
      group.length === 1 && group[0] ? ref('responses', group[0].code) : responseOf(group, status);
  for (const [status, response] of others) {
    const too = groupByStatus(problems).get(Number(status));
    const own: Response = too ? responseOf(too, Number(status)) : {};
    operation.responses[status] = { ...own, ...response, content: { ...own.content, ...response.content } };
  }
  // malformed HTTP can be sent anywhere
  if (!Object.keys(operation.responses).some((status) => status.startsWith('4')))
    operation.responses['4XX'] = ref('responses', ANY_REFUSAL);
  return problems;
}

/** What can go wrong with any route of this form. */
function problemsOfForm(operation: Operation): ProblemType[] {
  const takesInput = operation.requestBody !== undefined || operation.parameters?.some((given) => given.in === 'query');
  const problems = [INTERNAL_ERROR, UNAVAILABLE];
  if (operation['x-throttle'] !== 'none') problems.unshift(RATE_LIMITED);
  if (takesInput) problems.unshift(VALIDATION_FAILED);
  if (operation.security?.length) problems.push(UNAUTHENTICATED, FORBIDDEN);
  if (operation['x-recent-sign-in'] === true) problems.push(INSUFFICIENT_USER_AUTHENTICATION);
  if (typeof operation['x-permission'] === 'string') problems.push(TENANT_REQUIRED);
  if (operation.security?.some((scheme) => Object.hasOwn(scheme as object, 'apiKey'))) problems.push(OUTSIDE_GRANT);
  if (operation.requestBody) problems.push(INVALID_JSON, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE);
  if (operation.parameters?.some(({ name, in: where }) => where === 'query' && name === 'cursor'))
    problems.push(INVALID_CURSOR);
  if (hasHeader(operation, 'Idempotency-Key'))
    problems.push(
      IDEMPOTENCY_KEY_REQUIRED,
      IDEMPOTENCY_KEY_INVALID,
      IDEMPOTENCY_KEY_IN_USE,
      IDEMPOTENCY_KEY_REUSED,
    );
  if (hasHeader(operation, 'If-Match')) problems.push(PRECONDITION_FAILED, PRECONDITION_REQUIRED);
  return problems;
}

function hasHeader(operation: Operation, header: string): boolean {
  return operation.parameters?.some(({ name, in: where }) => where === 'header' && name === header) ?? false;
}

/** The validation pipe refuses what a DTO does not know. */
function refuseUnknownFields(schema: Json | undefined, schemas: Record<string, Json>): void {
  const name = typeof schema?.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  const target = name === undefined ? schema : schemas[name];
  if (!target || target.additionalProperties !== undefined) return;
  if (target.properties) {
    target.additionalProperties = false;
    for (const property of Object.values(target.properties as Record<string, Json>))
      refuseUnknownFields(property, schemas);
  }
  if (target.items) refuseUnknownFields(target.items as Json, schemas);
  for (const part of [target.allOf ?? [], target.anyOf ?? []].flat() as Json[]) refuseUnknownFields(part, schemas);
}

const responseOf = (types: readonly ProblemType[], status: number): Response => ({
  ...problemResponse(types),
  ...headersOfStatus(status),
});

const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

function headersOfStatus(status: number): { headers?: Json } {
  const retryAfter = { 'Retry-After': ref('headers', 'RetryAfter') };
  if (status === 429)
    return { headers: { ...retryAfter, RateLimit: ref('headers', 'RateLimit'), 'RateLimit-Policy': ref('headers', 'RateLimitPolicy') } };
  if (status === 503) return { headers: retryAfter };
  if (status === 401) return { headers: { 'WWW-Authenticate': ref('headers', 'WwwAuthenticate') } };
  return {};
}

const text = (description: string, example: string) => ({ description, schema: { type: 'string', examples: [example] } });
const HEADERS = {
  IdempotentReplayed: text('`true`: the answer to an earlier request with the same key.', 'true'),
  RateLimit: text('What is left of the quota (`r`) and for how many seconds (`t`).', '"default";r=0;t=30'),
  RateLimitPolicy: text('The quota (`q`) per window of `w` seconds.', '"default";q=100;w=60'),
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0, examples: [1] } },
  WwwAuthenticate: text('RFC 6750.', 'Bearer'),
};

function tenantHeader({ http }: Config) {
  return {
    // in the form in which people read it; case does not matter to the server
    name: http.tenantHeader.replace(/(^|-)([a-z])/g, (letters) => letters.toUpperCase()).replace(/-Id$/, '-ID'),
    in: 'header' as const,
    required: false,
    description: 'Which of your tenants the request works in; without it, the one that the token was made for.',
    schema: { type: 'string' as const, format: 'uuid' },
  };
}

