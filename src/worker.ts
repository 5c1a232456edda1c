import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ConfigError, loadConfig } from './config/config';
import { exitAtDeadline } from './platform/lifecycle/exit-at-deadline';
import { createLogger, NestLogger } from './platform/telemetry/logger';
import { AppWithWorkerModule } from './worker.module';

async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger(config.logs.level);
  const worker = await NestFactory.createApplicationContext(AppWithWorkerModule, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  worker.enableShutdownHooks([], { useProcessExit: true });
  exitAtDeadline(config.http.shutdownTimeoutMs, logger);
  logger.info(`running up to ${config.jobs.concurrency} jobs at once`);
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
});
