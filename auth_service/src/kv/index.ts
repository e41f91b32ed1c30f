/**
 * kv: what replicas share and may forget. Owns rate limits (fixed windows that open with the first request of a key),
 * marks that can be set once, and messages to every replica: in this process's memory, bounded in size, or in Redis,
 * with the memory as insurance while Redis is away. Nothing here is durable: a restart or a flush forgets it.
 * May use: rate-limiter-flexible, ioredis, the Redis section of config. Does not: know what is limited or what a key
 * means (callers pass addresses or ids, hashed where they are personal), answer requests, or keep anything whose loss
 * would matter. No verb of an open kv rejects because of Redis, nor makes anybody wait for it longer than half a second.
 */
export { addressKey } from './address-key.ts';
export { createKv, type KvDependencies } from './memory.ts';
export { createOncePerWindow, createRepeatCount } from './once-per-window.ts';
export { type OpenKvDependencies, openKv } from './open.ts';
export { RateLimitedError } from './rate-limited-error.ts';

export interface RateLimit {
  /** Requests allowed in a window, at least 1. */
  readonly limit: number;
  /** Whole seconds. */
  readonly windowSeconds: number;
}

export interface Kv {
  /**
   * A limit by name; asked for again with the same name and rate it is the same one, counts included.
   * @throws Error when the name is taken by another rate.
   */
  limiter(name: string, rate: RateLimit): Limiter;
  /**
   * True for the first who asks for a key within so many seconds, over all replicas. `unavailable`: nobody can tell
   * now, and the caller must ask elsewhere or refuse. True is only as good as the memory behind it: a Redis that was
   * flushed, restarted or away has forgotten, and what was decided elsewhere meanwhile is not known here.
   */
  once(key: string, ttlSeconds: number): Promise<boolean | 'unavailable'>;
  /** Tells everybody who listens, this process too: later, at most once, in no certain order. False: it was not sent. */
  publish(channel: string, message: string): Promise<boolean>;
  /**
   * Listens until closed. What is published while the connection is away is lost: `onReconnected` is called each time
   * it is there (over the network, the first time as well), so that what may have been missed is read again.
   */
  subscribe(
    channel: string,
    listener: (message: string) => void,
    onReconnected?: () => void,
  ): { close(): void };
  /** Connects, if there is anything to connect to. Resolves once that is decided, and never rejects. */
  connect(): Promise<void>;
  /** For health answers: resolves when the store of counters works, rejects while the insurance stands in. */
  check(): Promise<void>;
  /** Disconnects, and forgets what was in this process's memory. */
  close(): Promise<void>;
}

/**
 * Verdicts that belong to one request are asked for together, `await Promise.all([a.peek(x), b.consume(y)])`: a store
 * that is reached over the network answers all calls of one tick in one round trip.
 *
 * `own` is the rate of a key that has another one than its limit's; it is given with every call for that key.
 */
export interface Limiter {
  readonly policy: RateLimit & { readonly name: string };
  /** Counts `points` (default 1) and says whether they were still within the limit. Refused points count as well. */
  consume(key: string, points?: number, own?: RateLimit): Promise<LimitState>;
  /** Whether one more point would be allowed now. Costs nothing. */
  peek(key: string, own?: RateLimit): Promise<LimitState>;
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
