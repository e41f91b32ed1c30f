import { LRUCache } from 'lru-cache';
import type { Actor, Audit } from '#audit';
import { isServiceError } from '#errors';
import {
  type AppliedLimit,
  addressKey,
  createOncePerWindow,
  type Limiter,
  type LimitState,
  RateLimitedError,
} from '#kv';
import type { Client } from '#storage';
import type { TokenLimits } from './types.ts';

export interface RateLimits {
  /** Asks nobody. @throws RateLimitedError for an address that is known here to have used up its failures. */
  refuseKnownAddress(clientIp: string): void;
  /** @throws RateLimitedError while the address has used up its failures. */
  refuseBlockedAddress(clientIp: string): Promise<void>;
  /** Counts who did not prove to be a client against the address. @throws RateLimitedError instead of it when that is too many. */
  countFailure<T>(clientIp: string, authenticate: () => Promise<T>): Promise<T>;
  /**
   * Counts against the client.
   * @param options.alsoAddress in the same go, whether the address has used up its failures
   * @throws RateLimitedError
   */
  countRequest(
    client: Pick<Client, 'id'>,
    clientIp: string,
    options: { readonly alsoAddress: boolean },
  ): Promise<AppliedLimit | null>;
}

/** Addresses that are kept in mind as blocked. */
const BLOCKED_AT_MOST = 10_000;

const UNLIMITED: RateLimits = {
  refuseKnownAddress: () => {},
  refuseBlockedAddress: async () => {},
  countFailure: (_clientIp, authenticate) => authenticate(),
  countRequest: async () => null,
};

interface RateLimitDependencies {
  readonly limits: TokenLimits | null;
  readonly audit: Audit;
  readonly now: () => Date;
}

export function createRateLimits({ limits, audit, now }: RateLimitDependencies): RateLimits {
  if (limits === null) return UNLIMITED;
  const { ipFailures, perClient } = limits;
  const isFirst = createOncePerWindow(now);
  /** Until when, in milliseconds: who is refused here asks nobody, and makes no work. */
  const blocked = new LRUCache<string, number>({ max: BLOCKED_AT_MOST });

  /** @returns whole seconds, 0 for who is not blocked as far as is known here */
  function blockedSeconds(key: string): number {
    const untilMs = blocked.get(key);
    return untilMs === undefined ? 0 : Math.max(0, Math.ceil((untilMs - now().getTime()) / 1000));
  }

  function remember(key: string, { remaining, resetSeconds }: LimitState): void {
    if (remaining === 0) blocked.set(key, now().getTime() + resetSeconds * 1000);
  }

  function refuseIfKnown(key: string, clientIp: string): void {
    const resetSeconds = blockedSeconds(key);
    if (resetSeconds === 0) return;
    const state = { allowed: false, limit: ipFailures.policy.limit, remaining: 0, resetSeconds };
    refuse(ipFailures, key, state, NOBODY, clientIp);
  }

  function refuse(
    { policy }: Limiter,
    key: string,
    state: LimitState,
    actor: Actor,
    clientIp: string,
  ): never {
    if (isFirst(`${policy.name} ${key}`, state.resetSeconds)) {
      audit.enqueue({
        action: 'rate_limit.exceeded',
        outcome: 'failure',
        actor,
        clientIp,
        detail: { policy: policy.name, limit: policy.limit, window_seconds: policy.windowSeconds, key },
      });
    }
    throw new RateLimitedError({ ...state, policy });
  }

  return {
    refuseKnownAddress(clientIp) {
      refuseIfKnown(addressKey(clientIp), clientIp);
    },

    async refuseBlockedAddress(clientIp) {
      const key = addressKey(clientIp);
      refuseIfKnown(key, clientIp);
      const state = await ipFailures.peek(key);
      remember(key, state);
      if (!state.allowed) refuse(ipFailures, key, state, NOBODY, clientIp);
    },

    async countFailure(clientIp, authenticate) {
      try {
        return await authenticate();
      } catch (error) {
        if (!isUnproved(error)) throw error;
        const key = addressKey(clientIp);
        const state = await ipFailures.consume(key);
        remember(key, state);
        // A burst passes the peek as one; its answers beyond the limit tell nothing.
        if (!state.allowed) refuse(ipFailures, key, state, NOBODY, clientIp);
        throw error;
      }
    },

    async countRequest({ id: clientId }, clientIp, { alsoAddress }) {
      const key = addressKey(clientIp);
      // In one tick, so that a store over the network is asked once. The address has the first word.
      const [ofAddress, state] = await Promise.all([
        alsoAddress ? ipFailures.peek(key) : null,
        perClient.consume(clientId),
      ]);
      if (ofAddress !== null) remember(key, ofAddress);
      if (ofAddress?.allowed === false) refuse(ipFailures, key, ofAddress, NOBODY, clientIp);
      if (!state.allowed) refuse(perClient, clientId, state, { type: 'client', id: clientId }, clientIp);
      return { ...state, policy: perClient.policy };
    },
  };
}

/** Who cannot be checked because his keys are not to be had has proved nothing either. */
function isUnproved(error: unknown): boolean {
  return isServiceError(error, 'invalid_client') || isServiceError(error, 'client_keys_unavailable');
}

const NOBODY: Actor = { type: 'anonymous', id: null };
