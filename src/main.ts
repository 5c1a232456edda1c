import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import { createAdapter, setUpApp } from './app.setup';
import { loadConfig } from './config/config';
import { exitAtDeadline } from './platform/lifecycle/exit-at-deadline';
import { startFailure } from './platform/lifecycle/start-failure';
import { createLogger, NestLogger } from './platform/telemetry/logger';
import { AppWithWorkerModule } from './worker.module';

async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger(config.logs.level);
  const root = config.jobs.inProcess ? AppWithWorkerModule : AppModule;
  const app = await NestFactory.create<NestFastifyApplication>(root, createAdapter(config), {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  setUpApp(app, config, logger);
  app.enableShutdownHooks([], { useProcessExit: true });
  exitAtDeadline(config.http.shutdownTimeoutMs, logger);
  await app.listen({ port: config.http.port, host: config.http.host });
  logger.info(`listening on ${await app.getUrl()}, for clients at ${config.http.publicUrl}`);
}

main().catch((error: unknown) => {
  console.error(startFailure(error));
  process.exit(1);
});
