import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { declaredJobKinds } from './job-kind';

/** The requests that take a payload of any kind. */
const REQUESTS = ['CreateJobRequest', 'CreateScheduleRequest', 'UpdateScheduleRequest'];

/** Says in the API description what the payload of each kind of job is, where a payload is asked for. */
export function describeJobKinds(document: OpenAPIObject): void {
  const kinds = declaredJobKinds();
  const schemas = (document.components?.schemas ?? {}) as Record<string, { properties?: Record<string, object> }>;
  const list = kinds.map(({ name, description, payload }) => `- \`${name}\` (\`${payload.name}\`): ${description}`);
  // kinds may share a payload
  const payloads = [...new Set(kinds.map(({ payload }) => payload))].map((payload) => ({
    $ref: getSchemaPath(payload),
  }));
  for (const request of REQUESTS) {
    const properties = schemas[request]?.properties;
    if (!properties) continue;
    const { example, description } = properties.payload as { example?: unknown; description?: string };
    properties.payload = {
      description: `${description ?? ''}\n\n${list.join('\n')}`.trim(),
      ...(payloads.length === 1 ? payloads[0] : { anyOf: payloads }),
      example,
    };
  }
}
