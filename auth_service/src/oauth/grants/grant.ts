import type { Client } from '#storage';

/** One grant of the token endpoint: it says what it takes, and decides what the token carries (step ④). */
export interface Grant {
  /** Its `grant_type` (RFC 6749 §4). */
  readonly type: string;
  readonly policy: GrantPolicy;
  /** @throws ServiceError with an OAuth code. */
  authorize(request: GrantRequest): GrantedAccess;
}

/** What the shared steps ask of a grant; a parameter that it does not take counts as unknown and is ignored. */
interface GrantPolicy {
  /** Parameters without which nothing is looked at. */
  readonly requires: readonly string[];
  /** It goes on with what the `refresh_token` of the request stands for, and moves that on. */
  readonly resumes: boolean;
  /** `scope` may narrow what the token carries (RFC 6749 §3.3). */
  readonly takesScope: boolean;
  /** `resource` may choose whom the token is for (RFC 8707). */
  readonly takesResource: boolean;
}

interface GrantRequest {
  readonly client: Client;
  /** Held by the client, sorted. */
  readonly roles: readonly string[];
  /** Held by the client, sorted. */
  readonly permissions: readonly string[];
  /** The asked subset of the permissions, sorted. Null: none was asked for. */
  readonly scopes: readonly string[] | null;
}

export interface GrantedAccess {
  /** `sub` of the token. */
  readonly subject: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}
