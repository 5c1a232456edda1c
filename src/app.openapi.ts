import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type Config } from './config/config';
import { declaredJobKinds, describeJobKinds } from './modules/jobs';
import { type Features } from './platform/features/features';
import { describeApi } from './platform/http/openapi/api-description';
import { operationIdFactory } from './platform/http/openapi/operation-id';
import { completeDocument } from './platform/http/openapi/complete-document';

/** The description of the API as this build has it. The application need not be initialised, and may be a preview. */
export function openApiDocument(app: NestFastifyApplication, config: Config, features: Features): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Daybook')
    .setVersion('1')
    .setDescription(describeApi(config))
    .addServer(config.http.publicUrl, 'This installation')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'The `accessToken` of `POST /v1/auth/sign-in` or `/v1/auth/refresh`.',
      },
      'accessToken',
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'daybook_(live|test)_…',
        description: 'The `secret` of `POST /v1/api-keys`: for programs.',
      },
      'apiKey',
    );
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory,
    extraModels: declaredJobKinds().map(({ payload }) => payload),
  });
  describeJobKinds(document);
  describeTags(document, features);
  describePermissions(document, features);
  return completeDocument(document, config);
}

function describeTags(document: OpenAPIObject, { tags }: Features): void {
  const used = new Set(operationsOf(document).flatMap(({ tags: own }) => own));
  document.tags = [...tags].filter(([name]) => used.has(name)).map(([name, description]) => ({ name, description }));
}

/** @throws Error of an operation whose tag no feature declares, in a sentence */
export function assertDeclaredTags(document: OpenAPIObject): void {
  const declared = new Set(document.tags?.map(({ name }) => name));
  for (const { path, tags } of operationsOf(document))
    for (const tag of tags)
      if (!declared.has(tag))
        throw new Error(`The tag "${tag}" of ${path} is declared by no feature: add it to the tags of its @Feature().`);
}

function describePermissions(document: OpenAPIObject, { permissions }: Features): void {
  const schema = document.components?.schemas?.Permission;
  if (schema && 'enum' in schema) Object.assign(schema, { type: 'string', enum: [...permissions.keys()] });
}

function operationsOf({ paths }: OpenAPIObject): { path: string; tags: string[] }[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.values(item as Record<string, { tags?: string[] }>).map(({ tags = [] }) => ({ path, tags })),
  );
}
