import { type ClaimsHook, createClaimsHook } from './claims-hook.ts';
import { createKeys, type Keys } from './keys.ts';
import type { GotrueOptions } from './options.ts';
import { createRequestLimit } from './request-limit.ts';
import { createStore, type Store } from './store.ts';

/** What every endpoint has at hand. */
export interface World {
  readonly options: GotrueOptions;
  readonly issuer: string;
  readonly store: Store;
  readonly keys: Keys;
  readonly now: () => Date;
  readonly hook: ClaimsHook | null;
  /** Counts a request of this address. @throws Refusal over_request_rate_limit */
  readonly countRequest: (endpoint: string, address: string) => void;
}

export function createWorld(options: GotrueOptions, jwtSecret: string, issuer: string): World {
  const { now = () => new Date(), signing = 'ES256', hook, limitPerAddress } = options;
  return {
    options,
    issuer,
    store: createStore(),
    keys: createKeys(signing, jwtSecret, now),
    now,
    hook: hook === undefined ? null : createClaimsHook(hook.url),
    countRequest: createRequestLimit(limitPerAddress, now),
  };
}
