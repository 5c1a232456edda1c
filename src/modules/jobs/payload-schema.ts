import { type INestApplication, type Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

// the generator of schemas is reached through a document only; this is an application without a route
const NOTHING = {
  container: { getModules: () => new Map(), isGlobalModule: () => false },
  config: { getGlobalPrefix: () => '', getGlobalPrefixOptions: () => ({}), getVersioning: () => undefined },
  getHttpAdapter: () => ({ getType: () => 'fastify' }),
} as unknown as INestApplication;

const known = new WeakMap<Type<object>, object>();

/** JSON Schema of a class, from the decorators that describe it in the API documents; what it refers to is in `$defs`. */
export function payloadSchema(model: Type<object>): object {
  let schema = known.get(model);
  if (!schema) {
    const document = SwaggerModule.createDocument(NOTHING, new DocumentBuilder().build(), { extraModels: [model] });
    const text = JSON.stringify(document.components?.schemas ?? {}).replaceAll('#/components/schemas/', '#/$defs/');
    const { [model.name]: own, ...others } = JSON.parse(text) as Record<string, object>;
    schema = { ...own, additionalProperties: false, ...(Object.keys(others).length > 0 ? { $defs: others } : {}) };
    known.set(model, schema);
  }
  return schema;
}
