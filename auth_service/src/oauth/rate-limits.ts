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
import type { TokenLimits } from './types.ts';

export interface RateLimits {
  /** @throws RateLimitedError while the address has used up its failures. */
  refuseBlockedAddress(clientIp: string): Promise<void>;
  /** Counts who did not prove to be a client against the address. @throws RateLimitedError instead of it when that is too many. */
  countFailure<T>(clientIp: string, authenticate: () => Promise<T>): Promise<T>;
  /** @throws RateLimitedError */
  countRequest(clientId: string, clientIp: string): Promise<AppliedLimit | null>;
}

const UNLIMITED: RateLimits = {
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
    async refuseBlockedAddress(clientIp) {
      const key = addressKey(clientIp);
      const state = await ipFailures.peek(key);
      if (!state.allowed) refuse(ipFailures, key, state, NOBODY, clientIp);
    },

    async countFailure(clientIp, authenticate) {
      try {
        return await authenticate();
      } catch (error) {
        if (!isServiceError(error, 'invalid_client')) throw error;
        const key = addressKey(clientIp);
        const state = await ipFailures.consume(key);
        // A burst passes the peek as one; its answers beyond the limit tell nothing.
        if (!state.allowed) refuse(ipFailures, key, state, NOBODY, clientIp);
        throw error;
      }
    },

    async countRequest(clientId, clientIp) {
      const state = await perClient.consume(clientId);
      if (!state.allowed) refuse(perClient, clientId, state, { type: 'client', id: clientId }, clientIp);
      return { ...state, policy: perClient.policy };
    },
  };
}

const NOBODY: Actor = { type: 'anonymous', id: null };
