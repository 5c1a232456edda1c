import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { assertDeclaredTags, openApiDocument } from '../app.openapi';
import { VERSIONING } from '../app.setup';
import { loadConfig } from '../config/config';
import { type Features } from '../platform/features/features';
import { sortedJson } from '../platform/http/openapi/sorted-json';

/**
 * Writes the API description of this build. Every machine writes the same bytes: the application is only looked at (no
 * provider is made, nothing is connected to), and the environment is not read.
 */
export async function describe(
  { features, module }: { readonly features: Features; readonly module: () => Type<object> },
  path: string,
): Promise<void> {
  const config = loadConfig({ DATABASE_URL: 'postgres://unused', REDIS_URL: 'redis://unused' });
  const app = await NestFactory.create<NestFastifyApplication>(module(), new FastifyAdapter(), {
    preview: true,
    logger: ['error'],
    abortOnError: false,
  });
  app.enableVersioning(VERSIONING);
  await mkdir(dirname(path), { recursive: true });
  const document = openApiDocument(app, config, features);
  assertDeclaredTags(document);
  await writeFile(path, sortedJson(document));
}
