import type { ClaimsHook } from './claims-hook.ts';
import type { Keys } from './keys.ts';
import type { GotrueOptions } from './options.ts';
import type { Store } from './store.ts';

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
