import type { Audit } from '#audit';
import type { Random } from '#crypto';
import type { Logger } from '#observability';
import type { Revocations } from '#revocation';
import type { Storage } from '#storage';

export interface SupabaseDependencies {
  readonly storage: Pick<Storage, 'supabaseAccounts' | 'transaction' | 'inOrder' | 'migrations'>;
  readonly audit: Audit;
  readonly revocations: Pick<Revocations, 'revoke' | 'isRevoked' | 'isKnownRevoked' | 'hasEnded'>;
  readonly now: () => Date;
  readonly random: Pick<Random, 'uuid' | 'bytes' | 'token'>;
  readonly logger: Logger;
  readonly settings: SupabaseSettings;
}

export interface SupabaseSettings {
  /** Without `/auth/v1`. */
  readonly url: string;
  /** Either kind: a JWT, or `sb_publishable_…`. */
  readonly anonKey: string;
  /** Either kind: a JWT, or `sb_secret_…`. */
  readonly serviceRoleKey: string;
  /** Null: no user token is signed with it. */
  readonly jwtSecret: string | null;
  /** `iss` values that mark a user token. */
  readonly issuers: readonly string[];
  readonly acceptsTokensWithoutIssuer: boolean;
  /** The header, in lower case, in which GoTrue is told whom a request comes from, beside `sb-forwarded-for`. */
  readonly rateLimitHeader: string;
}
