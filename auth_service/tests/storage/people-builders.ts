import type { Account, LinkedIdentity, Profile, Session, Storage } from '#storage';
import { TEST_EPOCH } from '../support/clock.ts';

export function aProfile(given: Partial<Profile> = {}): Profile {
  const userId = given.userId ?? crypto.randomUUID();
  return {
    userId,
    email: `${userId}@example.com`,
    username: null,
    firstName: null,
    lastName: null,
    isActive: true,
    createdAt: TEST_EPOCH,
    updatedAt: TEST_EPOCH,
    ...given,
  };
}

export function anAccount(given: Partial<Account> = {}): Account {
  const id = given.id ?? crypto.randomUUID();
  return {
    id,
    email: `${id}@example.com`,
    passwordHash: 'a hash',
    emailConfirmedAt: null,
    emailProvedAt: null,
    lastSignInAt: null,
    bannedUntil: null,
    appMetadata: { provider: 'email' },
    userMetadata: {},
    createdAt: TEST_EPOCH,
    updatedAt: TEST_EPOCH,
    ...given,
  };
}

export function anIdentity(account: Account, given: Partial<LinkedIdentity> = {}): LinkedIdentity {
  return {
    id: crypto.randomUUID(),
    userId: account.id,
    provider: 'email',
    providerId: account.id,
    identityData: { sub: account.id },
    email: account.email,
    lastSignInAt: null,
    createdAt: TEST_EPOCH,
    updatedAt: TEST_EPOCH,
    ...given,
  };
}

export function aSession(userId: string, given: Partial<Session> = {}): Session {
  return {
    id: crypto.randomUUID(),
    userId,
    aal: 'aal1',
    amr: [{ method: 'password', timestamp: 1_900_000_000 }],
    sealedRefreshKey: 'v1.fingerprint.sealed',
    refreshCounter: 0,
    refreshedAt: null,
    ip: null,
    userAgent: null,
    createdAt: TEST_EPOCH,
    updatedAt: TEST_EPOCH,
    ...given,
  };
}

/** Stored, with its identity. */
export async function storeAccount(
  { accounts }: Pick<Storage, 'accounts'>,
  given: Partial<Account> = {},
): Promise<Account> {
  const account = anAccount(given);
  await accounts.insert(account, anIdentity(account));
  return account;
}
