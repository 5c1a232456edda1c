import { BullModule } from '@nestjs/bull';
import { Global, Module } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { type QueueOptions } from 'bull';
import { Config } from '../../config/config';
import { BullJobQueue, JOB_QUEUE } from './bull-job-queue';
import { JobQueue } from './job-queue';

@Global()
@Module({
  imports: [
    BullModule.registerQueueAsync({
      name: JOB_QUEUE,
      // Bull connects at once: what never starts, since its database is not to be used, must not hold a connection
      inject: [Config, getDataSourceToken()],
      useFactory: ({ redis }: Config): QueueOptions => ({
        prefix: `${redis.prefix}:queue`,
        redis: connectionOf(redis.url),
        // Bull ignores a ticket while one of its id is there, also in the hands of a worker that is dead: until it finds
        // the lock gone. A lock that a busy worker loses only costs a ticket that comes twice, and is void
        settings: { lockDuration: 4_000, lockRenewTime: 1_500, stalledInterval: 3_000, maxStalledCount: 1 },
      }),
    }),
  ],
  providers: [{ provide: JobQueue, useClass: BullJobQueue }],
  exports: [JobQueue, BullModule],
})
export class QueueModule {}

/** Bull does not read TLS and the user from an address. */
function connectionOf(address: string): QueueOptions['redis'] {
  const url = new URL(address);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    db: Number(url.pathname.slice(1) || 0),
    // the name that its certificate has to have is that of the host
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    connectTimeout: 2_000,
    retryStrategy: (attempt: number) => Math.min(attempt * 100, 2_000),
  };
}
