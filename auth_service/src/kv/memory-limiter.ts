import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Logger } from '#observability';
import type { Limiter, RateLimit } from './index.ts';
import { type Counted, requireRate, verdictBefore, verdictOn } from './rate.ts';

/** Some 25 MB for a limiter that is full. */
export const MAX_KEYS = 50_000;

export interface MemoryLimiter extends Limiter {
  /** The window that is open for a key; null when none is. */
  counted(key: string): Promise<Counted | null>;
  /** The points in it, which are forgotten: whoever asks first gets them, and nobody gets them twice. */
  take(key: string): Promise<number>;
}

export interface MemoryLimiterOptions {
  readonly logger: Logger;
  /** Keys that it remembers; beyond them the oldest are forgotten, with a warning. */
  readonly maxKeys: number;
}

/** Counts of this process alone, on the system's clock. */
export function createMemoryLimiter(
  name: string,
  rate: RateLimit,
  { logger, maxKeys }: MemoryLimiterOptions,
): MemoryLimiter {
  const { limit, windowSeconds } = rate;
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

  async function counted(key: string): Promise<Counted | null> {
    if (!keys.has(key)) return null;
    const found = await counts.get(key);
    return found === null || found.msBeforeNext <= 0 ? null : found;
  }

  return {
    policy: { name, limit, windowSeconds },
    async consume(key, points = 1, own = rate) {
      requireRate(name, own);
      // A penalty counts as consume does, but tells of a refusal by its answer and not by throwing.
      const found = await counts.penalty(key, points, { customDuration: own.windowSeconds });
      if (found.isFirstInDuration) await remember(key);
      return verdictOn(own.limit, found);
    },
    async peek(key, own = rate) {
      return verdictBefore(own.limit, await counts.get(key));
    },
    counted,
    async take(key) {
      const found = await counted(key);
      if (found === null) return 0;
      keys.delete(key);
      return (await counts.delete(key)) ? found.consumedPoints : 0;
    },
  };
}
