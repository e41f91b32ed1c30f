import type { Limiter, LimitState, RateLimit } from './index.ts';

/** What is known of an open window. */
export interface Counted {
  readonly consumedPoints: number;
  readonly msBeforeNext: number;
}

/** Node's timers end there. */
const MAX_WINDOW_SECONDS = 2_147_483;

/** @throws RangeError for a rate that no store can keep. */
export function requireRate(name: string, { limit, windowSeconds }: RateLimit): void {
  const isWindow =
    Number.isInteger(windowSeconds) && windowSeconds > 0 && windowSeconds <= MAX_WINDOW_SECONDS;
  if (!(limit >= 1 && isWindow)) throw new RangeError(`The limit "${name}" has no usable rate.`);
}

/** The verdict on points that were counted. */
export function verdictOn(limit: number, counted: Counted): LimitState {
  return stateOf(limit, counted, counted.consumedPoints <= limit);
}

/** The verdict that one more point would get. Null: no window is open. */
export function verdictBefore(limit: number, counted: Counted | null): LimitState {
  // What ends a window may be late.
  if (counted === null || counted.msBeforeNext <= 0) {
    return { allowed: true, limit, remaining: limit, resetSeconds: 0 };
  }
  return stateOf(limit, counted, counted.consumedPoints < limit);
}

function stateOf(limit: number, counted: Counted, allowed: boolean): LimitState {
  const remaining = Math.max(limit - counted.consumedPoints, 0);
  return { allowed, limit, remaining, resetSeconds: Math.ceil(counted.msBeforeNext / 1000) };
}

/** One limiter a name, as `Kv.limiter` promises. */
export function createNamedLimiters(
  create: (name: string, rate: RateLimit) => Limiter,
): (name: string, rate: RateLimit) => Limiter {
  const limiters = new Map<string, Limiter>();
  return (name, rate) => {
    const known = limiters.get(name);
    if (known === undefined) {
      requireRate(name, rate);
      const limiter = create(name, rate);
      limiters.set(name, limiter);
      return limiter;
    }
    const { limit, windowSeconds } = known.policy;
    if (limit === rate.limit && windowSeconds === rate.windowSeconds) return known;
    throw new Error(`The limit "${name}" has another rate already.`);
  };
}
