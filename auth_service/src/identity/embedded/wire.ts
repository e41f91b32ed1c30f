import type { Account, LinkedIdentity, Person, Session } from '#storage';
import type { PersonSession, User, UserIdentity } from '../types.ts';

/** The account as GoTrue serves it. What is not set is left out, as there. */
export function toUser(person: Pick<Person, 'account' | 'identities' | 'roles' | 'permissions'>): User {
  const { account } = person;
  const confirmedAt = account.emailConfirmedAt;
  return {
    id: account.id,
    aud: 'authenticated',
    role: 'authenticated',
    email: account.email,
    ...(confirmedAt === null ? {} : { email_confirmed_at: confirmedAt.toISOString() }),
    phone: '',
    ...(confirmedAt === null ? {} : { confirmed_at: confirmedAt.toISOString() }),
    ...(account.lastSignInAt === null ? {} : { last_sign_in_at: account.lastSignInAt.toISOString() }),
    app_metadata: appMetadata(person),
    user_metadata: account.userMetadata,
    identities: person.identities.map(toUserIdentity),
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
    ...(account.bannedUntil === null ? {} : { banned_until: account.bannedUntil.toISOString() }),
    is_anonymous: false,
  };
}

/** Roles and permissions come from the grants alone: whatever was stored under their names is overwritten. */
export function appMetadata(
  person: Pick<Person, 'account' | 'roles' | 'permissions'>,
): Readonly<Record<string, unknown>> {
  return { ...person.account.appMetadata, roles: person.roles, permissions: person.permissions };
}

export function isBanned(account: Account, now: Date): boolean {
  return account.bannedUntil !== null && account.bannedUntil > now;
}

export function toPersonSession(session: Session): PersonSession {
  return {
    id: session.id,
    createdAt: session.createdAt,
    lastSeenAt: session.refreshedAt ?? session.createdAt,
    ip: session.ip,
    userAgent: session.userAgent,
    aal: session.aal,
  };
}

function toUserIdentity(identity: LinkedIdentity): UserIdentity {
  return {
    identity_id: identity.id,
    id: identity.providerId,
    user_id: identity.userId,
    identity_data: identity.identityData,
    provider: identity.provider,
    last_sign_in_at: identity.lastSignInAt?.toISOString() ?? null,
    created_at: identity.createdAt.toISOString(),
    updated_at: identity.updatedAt.toISOString(),
    ...(identity.email === null ? {} : { email: identity.email }),
  };
}
