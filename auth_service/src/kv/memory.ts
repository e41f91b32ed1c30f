import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import type { Logger } from '#observability';
import type { Kv, Limiter, LimitState, RateLimit } from './index.ts';

/** Some 25 MB for a limiter that is full. */
const MAX_KEYS = 50_000;
/** Node's timers end there. */
const MAX_WINDOW_SECONDS = 2_147_483;

export interface KvDependencies {
  readonly logger: Logger;
  /** Keys that one limiter remembers; beyond them the oldest are forgotten, with a warning. */
  readonly maxKeys?: number;
}

/** Counts of this process alone, on the system's clock. */
export function createKv({ logger, maxKeys = MAX_KEYS }: KvDependencies): Kv {
  const limiters = new Map<string, Limiter>();
  return {
    limiter(name, rate) {
      const known = limiters.get(name);
      if (known === undefined) {
        const limiter = createLimiter(name, rate, { logger, maxKeys });
        limiters.set(name, limiter);
        return limiter;
      }
      const { limit, windowSeconds } = known.policy;
      if (limit === rate.limit && windowSeconds === rate.windowSeconds) return known;
      throw new Error(`The limit "${name}" has another rate already.`);
    },
    async close() {
      limiters.clear();
    },
  };
}

function createLimiter(
  name: string,
  rate: RateLimit,
  { logger, maxKeys }: Required<KvDependencies>,
): Limiter {
  const { limit, windowSeconds } = rate;
  if (!(limit >= 1 && windowSeconds > 0 && windowSeconds <= MAX_WINDOW_SECONDS)) {
    throw new RangeError(`The limit "${name}" has no usable rate.`);
  }
  const counts = new RateLimiterMemory({ keyPrefix: '', points: limit, duration: windowSeconds });
  // In the order their windows opened. Some may have ended since; those are then the oldest.
  const keys = new Set<string>();
  let warnedAtMs = Number.NEGATIVE_INFINITY;

  async function remember(key: string): Promise<void> {
    keys.delete(key);
    keys.add(key);
    const [oldest] = keys;
    if (keys.size <= maxKeys || oldest === undefined) return;
    keys.delete(oldest);
    const wasOpen = await counts.delete(oldest);
    if (!wasOpen || Date.now() - warnedAtMs < windowSeconds * 1000) return;
    warnedAtMs = Date.now();
    logger.warning('More callers than a rate limit remembers: the oldest are forgotten', {
      limit: name,
      maxKeys,
    });
  }

  return {
    policy: { name, limit, windowSeconds },
    async consume(key, points = 1) {
      // A penalty counts as consume does, but tells of a refusal by its answer and not by throwing.
      const counted = await counts.penalty(key, points);
      if (counted.isFirstInDuration) await remember(key);
      return stateOf(limit, counted, counted.consumedPoints <= limit);
    },
    async peek(key) {
      const counted = await counts.get(key);
      // The timer that ends a window may be late.
      if (counted === null || counted.msBeforeNext <= 0) {
        return { allowed: true, limit, remaining: limit, resetSeconds: 0 };
      }
      return stateOf(limit, counted, counted.consumedPoints < limit);
    },
  };
}

function stateOf(limit: number, counted: RateLimiterRes, allowed: boolean): LimitState {
  const remaining = Math.max(limit - counted.consumedPoints, 0);
  return { allowed, limit, remaining, resetSeconds: Math.ceil(counted.msBeforeNext / 1000) };
}
