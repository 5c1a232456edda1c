import 'reflect-metadata';
import { Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { applicationOf } from './app.module';
import { createAdapter, setUpApp, setUpProbes } from './app.setup';
import { runCommand } from './cli/commands';
import { loadConfig } from './config/config';
import { dataSourceOptions } from './platform/database/data-source-options';
import { Features } from './platform/features/features';
import { exitAtDeadline } from './platform/lifecycle/exit-at-deadline';
import { startFailure } from './platform/lifecycle/start-failure';
import { createLogger, NestLogger } from './platform/telemetry/logger';

export interface DaybookOptions {
  /** {@link CORE_FEATURES} and your own: classes with `@Feature()`. */
  readonly features: readonly Type<object>[];
}

/** An application that is made of features: the processes that serve and work, and the operator's commands. */
export interface Daybook {
  readonly features: Features;
  /** Nest's module of a process that serves HTTP. */
  readonly module: Type<object>;
  /** The same, and what runs jobs and looks for what is due. */
  readonly workerModule: Type<object>;
  /** Serves HTTP, and runs jobs where WORKER_IN_PROCESS is set, until the process is told to stop. */
  serve(): Promise<void>;
  /** Runs jobs until the process is told to stop. */
  work(): Promise<void>;
  /** Runs a command of the operator's, such as `migrate`, and ends the process with its exit code. */
  command(args: readonly string[]): Promise<never>;
  /** For the TypeORM CLI: `export default daybook.dataSource()` in `ormconfig.ts`. */
  dataSource(): DataSource;
}

/**
 * Makes an application of the given features. Nothing is connected to until one of its programs is run.
 * @throws Error when two features bring the same, or one is made for another version of Daybook; in a sentence
 */
export function createDaybook({ features: modules }: DaybookOptions): Daybook {
  const features = new Features(modules);
  // made when they are asked for: the operator's commands have a module of their own
  const server = lazy(() => named('DaybookModule', applicationOf(features)));
  const worker = lazy(() => named('DaybookWithWorkerModule', { imports: [server(), ...features.workers] }));
  const start = async (module: Type<object>, as: 'server' | 'worker') => {
    const config = loadConfig();
    const logger = createLogger(config.logs.level);
    const app = await NestFactory.create<NestFastifyApplication>(module, createAdapter(config), {
      logger: new NestLogger(logger),
      bodyParser: false,
      abortOnError: false,
    });
    if (as === 'server') setUpApp(app, config, logger);
    else setUpProbes(app, config, logger);
    app.enableShutdownHooks([], { useProcessExit: true });
    exitAtDeadline(config.http.shutdownTimeoutMs, logger);
    await app.listen({ port: as === 'server' ? config.http.port : config.jobs.workerPort, host: config.http.host });
    logger.info(
      as === 'server'
        ? `listening on ${await app.getUrl()}, for clients at ${config.http.publicUrl}`
        : `running up to ${config.jobs.concurrency} jobs at once; probes on ${await app.getUrl()}`,
    );
  };
  return {
    features,
    get module() {
      return server();
    },
    get workerModule() {
      return worker();
    },
    serve: () => orExit(() => start(loadConfig().jobs.inProcess ? worker() : server(), 'server')),
    work: () => orExit(() => start(worker(), 'worker')),
    command: async (args) => process.exit(await runCommand({ features, module: server }, args)),
    dataSource: () => new DataSource(dataSourceOptions(loadConfig(), features, 'migrator')),
  };
}

function named(name: string, metadata: ModuleMetadata): Type<object> {
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- Nest's modules are classes
  const type = { [name]: class {} }[name] as Type<object>;
  Module(metadata)(type);
  return type;
}

function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

async function orExit(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(startFailure(error));
    process.exit(1);
  }
}
