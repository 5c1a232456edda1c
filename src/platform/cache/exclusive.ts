import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Redis } from 'ioredis';
import { REDIS } from './redis.token';

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/**
 * Work that one process at a time should do. It saves double work and nothing else: without Redis every process does it,
 * and so does the next one when it takes longer than its lease. What must not happen twice has a row lock as well.
 */
@Injectable()
export class Exclusive {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  /**
   * Runs `work` unless another process is at it.
   * @param leaseMs a process that died at it is forgotten after this time
   * @returns false when another one is
   */
  async tryRun(name: string, leaseMs: number, work: () => Promise<void>): Promise<boolean> {
    const key = `exclusive:${name}`;
    const holder = randomUUID();
    // null: somebody has it; an error: nobody can tell
    const taken = await this.redis.set(key, holder, 'PX', leaseMs, 'NX').catch(() => undefined);
    if (taken === null) return false;
    try {
      await work();
      return true;
    } finally {
      await this.redis.eval(RELEASE, 1, key, holder).catch(() => undefined);
    }
  }
}
