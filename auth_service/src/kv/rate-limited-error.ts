import { ServiceError } from '#errors';
import type { AppliedLimit } from './index.ts';

/** `rate_limited`, with what the RateLimit headers say. */
export class RateLimitedError extends ServiceError {
  readonly limit: AppliedLimit;

  constructor(limit: AppliedLimit) {
    super('rate_limited', undefined, { retryAfterSeconds: Math.max(1, Math.ceil(limit.resetSeconds)) });
    this.limit = limit;
  }
}
