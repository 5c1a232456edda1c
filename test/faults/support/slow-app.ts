import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createAdapter, setUpApp } from '../../../src/app.setup';
import { loadConfig } from '../../../src/config/config';
import { type JobContext, type JobHandler, JobKind, NoPayload } from '../../../src/modules/jobs';
import { WithoutTransaction } from '../../../src/platform/http/unit-of-work.interceptor';
import { exitAtDeadline } from '../../../src/platform/lifecycle/exit-at-deadline';
import { Public } from '../../../src/platform/security/access.decorators';
import { createLogger, NestLogger } from '../../../src/platform/telemetry/logger';
import { daybook } from '../../../src/app';

@JobKind({ name: 'test.second', description: 'Takes a second.', payload: NoPayload })
class Second implements JobHandler<NoPayload> {
  async run() {
    await delay(1_000);
    return 'finished';
  }
}

@JobKind({ name: 'test.minute', description: 'Takes a minute, on the first attempt.', payload: NoPayload })
class Minute implements JobHandler<NoPayload> {
  async run({ attempt, signal }: JobContext) {
    if (attempt === 1) await delay(60_000, undefined, { signal });
  }
}

@Controller('slow')
class SlowController {
  @Get()
  @Public()
  @WithoutTransaction()
  async slow(): Promise<{ finished: true }> {
    await delay(1_000);
    return { finished: true };
  }
}

@Module({ imports: [daybook.workerModule], controllers: [SlowController], providers: [Second, Minute] })
class SlowModule {}

/** As main.ts, with slow work to interrupt. */
async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger(config.logs.level);
  const app = await NestFactory.create<NestFastifyApplication>(SlowModule, createAdapter(config), {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  setUpApp(app, config, logger);
  app.enableShutdownHooks([], { useProcessExit: true });
  exitAtDeadline(config.http.shutdownTimeoutMs, logger);
  await app.listen({ port: config.http.port, host: '127.0.0.1' });
  process.send?.('listening');
}

void main();
