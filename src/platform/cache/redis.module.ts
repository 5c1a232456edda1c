import { Global, Inject, Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Config } from '../../config/config';
import { Exclusive } from './exclusive';
import { REDIS } from './redis.token';

@Global()
@Module({
  providers: [
    Exclusive,
    {
      provide: REDIS,
      inject: [Config],
      useFactory: (config: Config) => {
        const logger = new Logger('Redis');
        const redis = new Redis(config.redis.url, {
          keyPrefix: `${config.redis.prefix}:`,
          // what never starts, since its database is not to be used, say, must not hold a connection
          lazyConnect: true,
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
          commandTimeout: 250,
          connectTimeout: 2_000,
          retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
        });
        // said once per outage: the client tries again several times a second
        let down = false;
        redis.on('error', (error: Error) => {
          if (!down) logger.warn({ msg: 'Redis does not answer', err: error });
          down = true;
        });
        redis.on('ready', () => {
          if (down) logger.log('Redis answers again');
          down = false;
        });
        return redis;
      },
    },
  ],
  exports: [REDIS, Exclusive],
})
export class RedisModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  /** Without Redis it starts all the same, and goes on trying. */
  async onModuleInit(): Promise<void> {
    await this.redis.connect().catch(() => undefined);
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
