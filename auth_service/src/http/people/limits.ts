import type { Audit } from '#audit';
import { isServiceError } from '#errors';
import { addressKey, createOncePerWindow, type Limiter, type LimitState, RateLimitedError } from '#kv';

/**
 * One limit of the routes of people: by address and, apart from it, by e-mail. For a log-in only failures count against
 * the e-mail, for one window at most, so that nobody locks another out for long.
 */
export interface PersonLimit {
  /** Counts a request against address and e-mail. @throws RateLimitedError */
  count(clientIp: string, email: string): Promise<void>;
  /** Counts a request against the address, and against the e-mail when it fails. @throws RateLimitedError */
  countFailures<T>(clientIp: string, email: string, attempt: () => Promise<T>): Promise<T>;
}

export interface PersonLimitDependencies {
  /** Null: not limited. */
  readonly limiters: { readonly byAddress: Limiter; readonly byEmail: Limiter } | null;
  /** A keyed hash: an address of a person is not to be read out of a counter. */
  readonly emailKey: (email: string) => string;
  readonly audit: Pick<Audit, 'enqueue'>;
  readonly now: () => Date;
}

const UNLIMITED: PersonLimit = {
  count: async () => {},
  countFailures: (_clientIp, _email, attempt) => attempt(),
};

const PROOF_FAILED = ['invalid_credentials', 'email_not_confirmed', 'current_password_invalid'] as const;

export function createPersonLimit({ limiters, emailKey, audit, now }: PersonLimitDependencies): PersonLimit {
  if (limiters === null) return UNLIMITED;
  const { byAddress, byEmail } = limiters;
  const isFirst = createOncePerWindow(now);
  const keyOf = (email: string) => emailKey(email.trim().toLowerCase());

  function require(limiter: Limiter, key: string, state: LimitState): void {
    if (state.allowed) return;
    const { policy } = limiter;
    if (isFirst(`${policy.name} ${key}`, state.resetSeconds)) {
      const { limit, windowSeconds } = policy;
      audit.enqueue({
        action: 'rate_limit.exceeded',
        outcome: 'failure',
        actor: { type: 'anonymous', id: null },
        detail: { policy: policy.name, limit, window_seconds: windowSeconds, key },
      });
    }
    throw new RateLimitedError({ ...state, policy });
  }

  return {
    async count(clientIp, email) {
      const [address, person] = [addressKey(clientIp), keyOf(email)];
      const [first, second] = await Promise.all([byAddress.consume(address), byEmail.consume(person)]);
      require(byAddress, address, first);
      require(byEmail, person, second);
    },

    async countFailures(clientIp, email, attempt) {
      const [address, person] = [addressKey(clientIp), keyOf(email)];
      const [first, second] = await Promise.all([byAddress.consume(address), byEmail.peek(person)]);
      require(byAddress, address, first);
      require(byEmail, person, second);
      try {
        return await attempt();
      } catch (error) {
        if (PROOF_FAILED.some((code) => isServiceError(error, code))) {
          // A burst passes the peek as one; its answers beyond the limit tell nothing.
          require(byEmail, person, await byEmail.consume(person));
        }
        throw error;
      }
    },
  };
}
