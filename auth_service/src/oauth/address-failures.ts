import { LRUCache } from 'lru-cache';
import type { Actor } from '#audit';
import { isServiceError } from '#errors';
import { type AppliedLimit, addressKey, type Limiter, type LimitState } from '#kv';

/** What an address may do wrong before nothing is looked at that comes from it. */
export interface AddressFailures {
  /** Asks nobody. @throws RateLimitedError for an address that is known here to have used up its failures. */
  refuseKnownAddress(clientIp: string): void;
  /** @throws RateLimitedError while the address has used up its failures. */
  refuseBlockedAddress(clientIp: string): Promise<void>;
  /** Counts who did not prove to be a client against the address. @throws RateLimitedError instead of it when that is too many. */
  countFailure<T>(clientIp: string, authenticate: () => Promise<T>): Promise<T>;
}

/** Leaves a trace, and throws. */
export type RefuseLimit = (limit: AppliedLimit, key: string, actor: Actor, clientIp: string) => never;

/** Addresses that are kept in mind as blocked. */
const BLOCKED_AT_MOST = 10_000;
const NOBODY: Actor = { type: 'anonymous', id: null };

export const UNLIMITED_ADDRESSES: AddressFailures = {
  refuseKnownAddress: () => {},
  refuseBlockedAddress: async () => {},
  countFailure: (_clientIp, authenticate) => authenticate(),
};

export function createAddressFailures(
  failures: Limiter,
  refuseLimit: RefuseLimit,
  now: () => Date,
): AddressFailures {
  /** Until when, in milliseconds: who is refused here asks nobody, and makes no work. */
  const blocked = new LRUCache<string, number>({ max: BLOCKED_AT_MOST });

  function refuse(state: LimitState, key: string, clientIp: string): never {
    return refuseLimit({ ...state, policy: failures.policy }, key, NOBODY, clientIp);
  }

  function remember(key: string, { remaining, resetSeconds }: LimitState): void {
    if (remaining === 0) blocked.set(key, now().getTime() + resetSeconds * 1000);
  }

  function refuseKnownAddress(clientIp: string): void {
    const key = addressKey(clientIp);
    const untilMs = blocked.get(key) ?? 0;
    const resetSeconds = Math.ceil((untilMs - now().getTime()) / 1000);
    if (resetSeconds <= 0) return;
    refuse({ allowed: false, limit: failures.policy.limit, remaining: 0, resetSeconds }, key, clientIp);
  }

  return {
    refuseKnownAddress,

    async refuseBlockedAddress(clientIp) {
      refuseKnownAddress(clientIp);
      const key = addressKey(clientIp);
      const state = await failures.peek(key);
      remember(key, state);
      if (!state.allowed) refuse(state, key, clientIp);
    },

    async countFailure(clientIp, authenticate) {
      try {
        return await authenticate();
      } catch (error) {
        if (!isServiceError(error, 'invalid_client')) throw error;
        const key = addressKey(clientIp);
        const state = await failures.consume(key);
        remember(key, state);
        // A burst passes the peek as one; its answers beyond the limit tell nothing.
        if (!state.allowed) refuse(state, key, clientIp);
        throw error;
      }
    },
  };
}
