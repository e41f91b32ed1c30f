/**
 * kv: short-lived counters that may be forgotten. Owns rate limits: fixed windows that open with the first request of
 * a key, in this process's memory, bounded in size.
 * May use: rate-limiter-flexible. Does not: know what is limited or what a key means (callers pass addresses or ids,
 * hashed where they are personal), answer requests, or keep anything whose loss would matter.
 */
export { addressKey } from './address-key.ts';
export { createKv, type KvDependencies } from './memory.ts';
export { createOncePerWindow } from './once-per-window.ts';
export { RateLimitedError } from './rate-limited-error.ts';

export interface RateLimit {
  /** Requests allowed in a window, at least 1. */
  readonly limit: number;
  readonly windowSeconds: number;
}

export interface Kv {
  /**
   * A limit by name; asked for again with the same name and rate it is the same one, counts included.
   * @throws Error when the name is taken by another rate.
   */
  limiter(name: string, rate: RateLimit): Limiter;
  /** Forgets every count. */
  close(): Promise<void>;
}

/**
 * Verdicts that belong to one request are asked for together, `await Promise.all([a.peek(x), b.consume(y)])`: a store
 * that is reached over the network answers all calls of one tick in one round trip.
 */
export interface Limiter {
  readonly policy: RateLimit & { readonly name: string };
  /** Counts `points` (default 1) and says whether they were still within the limit. Refused points count as well. */
  consume(key: string, points?: number): Promise<LimitState>;
  /** Whether one more point would be allowed now. Costs nothing. */
  peek(key: string): Promise<LimitState>;
}

export interface LimitState {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until the window ends, rounded up; 0 when none is open. */
  readonly resetSeconds: number;
}

/** A limiter's verdict with the policy it stands for. */
export interface AppliedLimit extends LimitState {
  readonly policy: Limiter['policy'];
}
