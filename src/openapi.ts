import 'reflect-metadata';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { FEATURES } from './app.features';
import { AppModule } from './app.module';
import { assertDeclaredTags, openApiDocument } from './app.openapi';
import { VERSIONING } from './app.setup';
import { loadConfig } from './config/config';
import { sortedJson } from './platform/http/openapi/sorted-json';

/**
 * Writes the API description of this build: `node dist/openapi.js openapi/v1.json`. Every machine writes the same bytes:
 * the application is only looked at (no provider is made, nothing is connected to), and the environment is not read.
 */
async function main(path: string): Promise<void> {
  const config = loadConfig({ DATABASE_URL: 'postgres://unused', REDIS_URL: 'redis://unused' });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
    preview: true,
    logger: ['error'],
    abortOnError: false,
  });
  app.enableVersioning(VERSIONING);
  await mkdir(dirname(path), { recursive: true });
  const document = openApiDocument(app, config, FEATURES);
  assertDeclaredTags(document);
  await writeFile(path, sortedJson(document));
}

main(process.argv[2] ?? 'openapi/v1.json').then(
  // what modules made when they were loaded must not keep the process
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
