import type { Account, LinkedIdentity } from '#storage';
import type { EmbeddedDependencies } from './dependencies.ts';

/** GoTrue's name for accounts with an address and a password. */
export const PROVIDER = 'email';

interface Draft {
  readonly account: Account;
  readonly identity: LinkedIdentity;
}

/** A new account as it begins, stored nowhere yet. */
export function createAccountDraft({ now, random }: Pick<EmbeddedDependencies, 'now' | 'random'>) {
  return (
    { email, userMetadata }: { email: string; userMetadata: Readonly<Record<string, unknown>> },
    state: {
      readonly passwordHash: string | null;
      readonly isConfirmed: boolean;
      /** Default: false. */
      readonly isProved?: boolean;
      /** Whether it begins with a session. Default: false. */
      readonly isSignedIn?: boolean;
    },
  ): Draft => {
    const { passwordHash, isConfirmed, isProved = false, isSignedIn = false } = state;
    const at = now();
    const id = random.uuid();
    const account: Account = {
      id,
      email,
      passwordHash,
      emailConfirmedAt: isConfirmed ? at : null,
      emailProvedAt: isProved ? at : null,
      lastSignInAt: isSignedIn ? at : null,
      bannedUntil: null,
      appMetadata: { provider: PROVIDER, providers: [PROVIDER] },
      userMetadata: isConfirmed ? { ...userMetadata, email_verified: true } : userMetadata,
      createdAt: at,
      updatedAt: at,
    };
    const identity: LinkedIdentity = {
      id: random.uuid(),
      userId: id,
      provider: PROVIDER,
      providerId: id,
      identityData: { ...userMetadata, sub: id, email, email_verified: isConfirmed, phone_verified: false },
      email,
      lastSignInAt: isSignedIn ? at : null,
      createdAt: at,
      updatedAt: at,
    };
    return { account, identity };
  };
}
