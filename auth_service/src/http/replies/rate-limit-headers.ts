import type { AppliedLimit } from '#kv';

/** draft-ietf-httpapi-ratelimit-headers: one structured item each (RFC 9651), seconds in `w` and `t`. */
export function rateLimitHeaders({ policy, remaining, resetSeconds }: AppliedLimit): Record<string, string> {
  return {
    'ratelimit-policy': `"${policy.name}";q=${policy.limit};w=${policy.windowSeconds}`,
    ratelimit: `"${policy.name}";r=${Math.max(0, remaining)};t=${Math.ceil(resetSeconds)}`,
  };
}
