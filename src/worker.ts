import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createAdapter, setUpProbes } from './app.setup';
import { loadConfig } from './config/config';
import { exitAtDeadline } from './platform/lifecycle/exit-at-deadline';
import { startFailure } from './platform/lifecycle/start-failure';
import { createLogger, NestLogger } from './platform/telemetry/logger';
import { AppWithWorkerModule } from './worker.module';

async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger(config.logs.level);
  const worker = await NestFactory.create<NestFastifyApplication>(AppWithWorkerModule, createAdapter(config), {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  setUpProbes(worker, config, logger);
  worker.enableShutdownHooks([], { useProcessExit: true });
  exitAtDeadline(config.http.shutdownTimeoutMs, logger);
  await worker.listen({ port: config.jobs.workerPort, host: config.http.host });
  logger.info(`running up to ${config.jobs.concurrency} jobs at once; probes on ${await worker.getUrl()}`);
}

main().catch((error: unknown) => {
  console.error(startFailure(error));
  process.exit(1);
});
