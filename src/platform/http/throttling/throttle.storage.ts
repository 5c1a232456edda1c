import { Inject, Injectable } from '@nestjs/common';
import { type ThrottlerStorage } from '@nestjs/throttler';
import { type Redis } from 'ioredis';
import { REDIS } from '../../cache/redis.module';

type Record_ = Awaited<ReturnType<ThrottlerStorage['increment']>>;

// a fixed window per key; one round trip, counted also when blocked so that hammering does not pay
const HIT = `
local hits = redis.call('INCR', KEYS[1])
local ttl = redis.call('PTTL', KEYS[1])
if ttl < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]); ttl = tonumber(ARGV[1]) end
return { hits, ttl }`;

type WithHit = Redis & { throttleHit(key: string, ttlMs: number): Promise<[number, number]> };

/** Keys counted locally while Redis is gone; the oldest go first. */
const LOCAL_KEYS = 50_000;

/**
 * Counts requests in Redis, so that all processes share a window. While Redis is gone each process counts for itself
 * with half the limit: several processes together stay near the real one.
 */
@Injectable()
export class ThrottleStorage implements ThrottlerStorage {
  private readonly redis: WithHit;
  private readonly local = new Map<string, { hits: number; until: number }>();

  constructor(@Inject(REDIS) redis: Redis) {
    redis.defineCommand('throttleHit', { numberOfKeys: 1, lua: HIT });
    this.redis = redis as WithHit;
  }

  async increment(key: string, ttl: number, limit: number): Promise<Record_> {
    try {
      const [hits, left] = await this.redis.throttleHit(`throttle:${key}`, ttl);
      return record(hits, left, limit);
    } catch {
      return this.incrementLocally(key, ttl, limit);
    }
  }

  private incrementLocally(key: string, ttl: number, limit: number): Record_ {
    const now = Date.now();
    let window = this.local.get(key);
    if (!window || window.until <= now) {
      window = { hits: 0, until: now + ttl };
      this.local.delete(key);
      this.local.set(key, window);
      if (this.local.size > LOCAL_KEYS) this.local.delete(this.local.keys().next().value as string);
    }
    window.hits += 1;
    // the other half counts as used, so that what is left is said truly
    return record(window.hits + Math.floor(limit / 2), window.until - now, limit);
  }
}

function record(totalHits: number, leftMs: number, limit: number): Record_ {
  const seconds = Math.max(1, Math.ceil(leftMs / 1000));
  const isBlocked = totalHits > limit;
  return { totalHits, timeToExpire: seconds, isBlocked, timeToBlockExpire: isBlocked ? seconds : 0 };
}
