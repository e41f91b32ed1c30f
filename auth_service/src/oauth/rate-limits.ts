import type { Audit } from '#audit';
import { type RateLimit, readRateLimit } from '#config';
import { type AppliedLimit, createOncePerWindow, type Kv, RateLimitedError } from '#kv';
import type { Client } from '#storage';
import {
  type AddressFailures,
  createAddressFailures,
  type RefuseLimit,
  UNLIMITED_ADDRESSES,
} from './address-failures.ts';
import type { TokenLimits } from './types.ts';

export interface RateLimits extends AddressFailures {
  /**
   * Counts against the client.
   * @param options.alsoAddress in the same go, whether the address has used up its failures; it has the first word
   * @throws RateLimitedError
   */
  countRequest(
    client: Pick<Client, 'id' | 'rateLimit'>,
    clientIp: string,
    options: { readonly alsoAddress: boolean },
  ): Promise<AppliedLimit | null>;
}

interface RateLimitDependencies {
  readonly limits: TokenLimits;
  readonly audit: Audit;
  readonly now: () => Date;
}

/** Every call brings its own rate; this one is never used. */
const ANY_RATE: RateLimit = { limit: 1, windowSeconds: 60 };

/** @param rates null: not limited */
export function openTokenLimits(
  kv: Pick<Kv, 'limiter'>,
  rates: { readonly failures: RateLimit | null; readonly requests: RateLimit | null },
): TokenLimits {
  return {
    ipFailures: rates.failures && kv.limiter('token-failures', rates.failures),
    requests: kv.limiter('token', rates.requests ?? ANY_RATE),
    requestRate: rates.requests,
  };
}

export function createRateLimits({ limits, audit, now }: RateLimitDependencies): RateLimits {
  const { ipFailures, requests, requestRate } = limits;
  const refuse = createRefusal(audit, now);
  const addresses =
    ipFailures === null ? UNLIMITED_ADDRESSES : createAddressFailures(ipFailures, refuse, now);

  /** The verdict on one more request of a client; null where it is not limited. */
  async function count(client: Pick<Client, 'id' | 'rateLimit'>): Promise<AppliedLimit | null> {
    const rate = client.rateLimit === null ? requestRate : readRateLimit(client.rateLimit);
    if (rate === null || rate === 'off') return null;
    const state = await requests.consume(client.id, 1, rate);
    return { ...state, policy: { name: requests.policy.name, ...rate } };
  }

  return {
    ...addresses,

    async countRequest(client, clientIp, { alsoAddress }) {
      // In one tick, so that a store over the network is asked once.
      const [ofAddress, ofClient] = await Promise.allSettled([
        alsoAddress ? addresses.refuseBlockedAddress(clientIp) : undefined,
        count(client),
      ]);
      if (ofAddress.status === 'rejected') throw ofAddress.reason;
      if (ofClient.status === 'rejected') throw ofClient.reason;
      const limit = ofClient.value;
      if (limit?.allowed === false) refuse(limit, client.id, { type: 'client', id: client.id }, clientIp);
      return limit;
    },
  };
}

function createRefusal(audit: Audit, now: () => Date): RefuseLimit {
  const isFirst = createOncePerWindow(now);
  return (limit, key, actor, clientIp) => {
    const { policy } = limit;
    if (isFirst(`${policy.name} ${key}`, limit.resetSeconds)) {
      audit.enqueue({
        action: 'rate_limit.exceeded',
        outcome: 'failure',
        actor,
        clientIp,
        detail: { policy: policy.name, limit: policy.limit, window_seconds: policy.windowSeconds, key },
      });
    }
    throw new RateLimitedError(limit);
  };
}
