import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Limiter, RateLimit } from '../index.ts';
import type { MemoryLimiter } from '../memory-limiter.ts';
import { type Counted, requireRate, verdictBefore, verdictOn } from '../rate.ts';
import type { CounterStore } from './batch.ts';
import type { Guard } from './guard.ts';

export interface RedisLimiterDependencies {
  readonly store: CounterStore;
  readonly guard: Guard;
  /**
   * Counts while Redis is away. Ours and not the library's own `insuranceLimiter`: this one is bounded, and what it
   * counted is asked for when Redis is back.
   */
  readonly insurance: MemoryLimiter;
  readonly prefix: string;
}

/** Counts in Redis, over all replicas; while it is away in this process, and then carries over what it counted. */
export function createRedisLimiter(
  name: string,
  rate: RateLimit,
  { store, guard, insurance, prefix }: RedisLimiterDependencies,
): Limiter {
  const counts = new RateLimiterRedis({
    storeClient: store,
    keyPrefix: `${prefix}:limit:${name}`,
    points: rate.limit,
    duration: rate.windowSeconds,
  });

  return {
    policy: insurance.policy,
    async consume(key, points = 1, own = rate) {
      requireRate(name, own);
      const carried = guard.isUp() ? await insurance.take(key) : 0;
      try {
        const options = { customDuration: own.windowSeconds };
        const counted = await guard.run(() => counts.penalty(key, points + carried, options));
        return verdictOn(own.limit, counted);
      } catch {
        return insurance.consume(key, points + carried, own);
      }
    },
    async peek(key, own = rate) {
      try {
        const found = await Promise.all([guard.run(() => counts.get(key)), insurance.counted(key)]);
        return verdictBefore(own.limit, together(found));
      } catch {
        return insurance.peek(key, own);
      }
    },
  };
}

function together([one, other]: readonly [Counted | null, Counted | null]): Counted | null {
  if (one === null || other === null) return one ?? other;
  return {
    consumedPoints: one.consumedPoints + other.consumedPoints,
    msBeforeNext: Math.max(one.msBeforeNext, other.msBeforeNext),
  };
}
