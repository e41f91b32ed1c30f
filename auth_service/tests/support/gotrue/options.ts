/** What a GoTrue double is started with. */
export interface GotrueOptions {
  /** GoTrue's mailer_autoconfirm: who signs up is signed in. Default false. */
  readonly confirmsAutomatically?: boolean;
  /** What access tokens are signed with; the anon and service_role keys are HS256 either way. Default ES256. */
  readonly signing?: 'ES256' | 'HS256';
  /** 'opaque': anonKey and serviceRoleKey are sb_publishable_… and sb_secret_…. Default 'jwt'. */
  readonly keys?: 'jwt' | 'opaque';
  /** Default: random, 64 characters. */
  readonly jwtSecret?: string;
  readonly now?: () => Date;
  /** Default 3600. */
  readonly tokenLifetimeSeconds?: number;
  readonly disableSignup?: boolean;
  /** Changing the password takes the current one. */
  readonly requireCurrentPassword?: boolean;
  /** How long a used refresh token may be used again. Default 0, as GoTrue's; the CLI has 10. */
  readonly reuseIntervalSeconds?: number;
  /** Password grants, and sign-ups, that one address may ask for in five minutes. Default: any number. */
  readonly limitPerAddress?: number;
  /** The header whose first element is the address. Default x-forwarded-for. */
  readonly rateLimitHeader?: string;
  /** Sb-Forwarded-For names the address before any other header does. */
  readonly honoursSbForwardedFor?: boolean;
  /** A PostgreSQL database whose schema `auth` has the same users and sessions. */
  readonly mirror?: { readonly url: string };
  /** A PostgreSQL database with auth_service_data.custom_access_token_hook. */
  readonly hook?: { readonly url: string };
  /** Default: a free one. */
  readonly port?: number;
}

/** How an answer goes wrong. */
export type FailureMode =
  /** Nothing is done and nothing is said. */
  | { readonly hang: true }
  /** The work is done at once, the answer comes late. */
  | { readonly delayMs: number }
  /** The connection is reset: before anything is done, or after the work at that place of the answer. */
  | { readonly cut: 'before' | 'headers' | 'middle' }
  /** A page of HTML with this status. */
  | { readonly html: number }
  | { readonly status: 429 | 500 | 502 | 503; readonly body?: unknown }
  /** JSON of this size. */
  | { readonly huge: number }
  | { readonly redirect: string };

export interface FailureScope {
  /** Tested against path and query, as in `/auth/v1/token?grant_type=password`. Default: every request. */
  readonly path?: RegExp;
  /** Default: until told otherwise. */
  readonly times?: number;
}

/** A request as it came, before the gateway has touched it. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed where it is JSON, else the text; undefined where there is none. */
  readonly body: unknown;
  /** What GoTrue takes for the client's address. */
  readonly ip: string;
}
