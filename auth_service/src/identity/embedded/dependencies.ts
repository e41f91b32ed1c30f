import type { Audit } from '#audit';
import type { Random, Sealer } from '#crypto';
import type { KeyRing } from '#keys';
import type { Logger } from '#observability';
import type { Revocations } from '#revocation';
import type { Storage } from '#storage';
import type { Passwords } from '../passwords/passwords.ts';

export interface EmbeddedDependencies {
  readonly storage: Pick<Storage, 'accounts' | 'sessions' | 'transaction'>;
  /** Of people: never the one that signs for machines. */
  readonly ring: Pick<KeyRing, 'signToken' | 'findKey'>;
  /** Seals the key of each session. */
  readonly sealer: Sealer;
  readonly passwords: Passwords;
  readonly audit: Audit;
  readonly revocations: Pick<Revocations, 'revoke' | 'isRevoked'>;
  readonly now: () => Date;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: EmbeddedSettings;
}

export interface EmbeddedSettings {
  /** `iss` of the access tokens: PUBLIC_URL/auth/v1. Null: PUBLIC_URL is not set, and no token can be made. */
  readonly issuer: string | null;
  readonly accessTokenLifetimeSeconds: number;
  /** Whether an account may sign in before its e-mail was proved. */
  readonly confirmsAutomatically: boolean;
}
