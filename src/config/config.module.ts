import { Global, Module } from '@nestjs/common';
import { Config, loadConfig } from './config';

/** The one reader of `process.env`. */
@Global()
@Module({ providers: [{ provide: Config, useFactory: () => loadConfig() }], exports: [Config] })
export class ConfigModule {}
