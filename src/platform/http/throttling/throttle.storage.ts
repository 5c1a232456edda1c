import { Inject, Injectable } from '@nestjs/common';
import { type ThrottlerStorage } from '@nestjs/throttler';
import { type Redis } from 'ioredis';
import { REDIS } from '../../cache/redis.token';

type Record_ = Awaited<ReturnType<ThrottlerStorage['increment']>>;

// a fixed window per key; one round trip, counted also when blocked so that hammering does not pay
const HIT = `
local hits = redis.call('INCRBY', KEYS[1], ARGV[2])
local ttl = redis.call('PTTL', KEYS[1])
if ttl < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]); ttl = tonumber(ARGV[1]) end
return { hits, ttl }`;

type WithHit = Redis & { throttleHit(key: string, ttlMs: number, hits: number): Promise<[number, number]> };

/** Hits of one key that Redis is told of in one command. */
interface Group {
  hits: number;
  /** Hits and milliseconds left of the window, the whole group counted; undefined when Redis did not answer. */
  readonly counted: Promise<readonly [number, number] | undefined>;
  readonly settle: (counted: readonly [number, number] | undefined) => void;
}

/** Keys counted locally while Redis is gone; the oldest go first. */
const LOCAL_KEYS = 50_000;

/**
 * Counts requests in Redis, so that all processes share a window. While Redis is gone each process counts for itself
 * with half the limit: several processes together stay near the real one.
 *
 * Hits of one key that arrive while a command for it is under way go together in the next one. Each still has a number
 * of its own, as if it had been counted alone.
 */
@Injectable()
export class ThrottleStorage implements ThrottlerStorage {
  private readonly redis: WithHit;
  private readonly local = new Map<string, { hits: number; until: number }>();
  /** Keys with a command under way. */
  private readonly busy = new Set<string>();
  /** Who waits for the end of it. */
  private readonly waiting = new Map<string, Group>();

  constructor(@Inject(REDIS) redis: Redis) {
    redis.defineCommand('throttleHit', { numberOfKeys: 1, lua: HIT });
    this.redis = redis as WithHit;
  }

  async increment(key: string, ttl: number, limit: number): Promise<Record_> {
    const group = this.waiting.get(key) ?? newGroup();
    group.hits += 1;
    const place = group.hits;
    if (this.busy.has(key)) this.waiting.set(key, group);
    else void this.count(key, ttl, group);
    const counted = await group.counted;
    if (!counted) return this.incrementLocally(key, ttl, limit);
    return record(counted[0] - group.hits + place, counted[1], limit);
  }

  /** Counts a group, then the one that gathered meanwhile, and so on. */
  private async count(key: string, ttl: number, first: Group): Promise<void> {
    this.busy.add(key);
    for (let group: Group | undefined = first; group; group = this.waiting.get(key)) {
      this.waiting.delete(key);
      const counted = await this.redis.throttleHit(`throttle:${key}`, ttl, group.hits).catch(() => undefined);
      group.settle(counted);
      if (counted) continue;
      // without Redis nobody waits for a second time limit
      this.waiting.get(key)?.settle(undefined);
      this.waiting.delete(key);
    }
    this.busy.delete(key);
  }

  private incrementLocally(key: string, ttl: number, limit: number): Record_ {
    const now = performance.now();
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

function newGroup(): Group {
  let settle: Group['settle'] = () => undefined;
  const counted = new Promise<Awaited<Group['counted']>>((resolve) => {
    settle = resolve;
  });
  return { hits: 0, counted, settle };
}

function record(totalHits: number, leftMs: number, limit: number): Record_ {
  const seconds = Math.max(1, Math.ceil(leftMs / 1000));
  const isBlocked = totalHits > limit;
  return { totalHits, timeToExpire: seconds, isBlocked, timeToBlockExpire: isBlocked ? seconds : 0 };
}
