import 'reflect-metadata';
import { InjectQueue } from '@nestjs/bull';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Queue } from 'bull';
import { JOB_QUEUE } from '../../../src/platform/queue/bull-job-queue';
import { daybook } from '../../../src/app';
import { Block } from './block.kind';

@Module({ imports: [daybook.workerModule], providers: [Block] })
class BlockingModule {
  /** A lock that is lost while the loop is blocked, as the real one would be in a minute. Before Bull takes the first ticket. */
  constructor(@InjectQueue(JOB_QUEUE) queue: Queue) {
    const { settings } = queue as unknown as { settings: Record<string, number> };
    Object.assign(settings, { lockDuration: 600, lockRenewTime: 300, stalledInterval: 300 });
  }
}

async function main(): Promise<void> {
  await NestFactory.createApplicationContext(BlockingModule, { logger: false, abortOnError: false });
  process.send?.('ready');
}

void main();
