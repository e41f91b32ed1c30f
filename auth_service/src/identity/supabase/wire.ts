import type { Session as GotrueSession, User as GotrueUser } from '@supabase/auth-js';
import type { PersonRights, SeenAccount } from '#storage';
import type { User, UserSession } from '../types.ts';

/** GoTrue's user with the roles and permissions of this moment, as its tokens have them. */
function toUser(user: GotrueUser, { roles, permissions }: PersonRights): User {
  const served = user as unknown as User;
  return {
    ...served,
    email: user.email ?? '',
    phone: user.phone ?? '',
    app_metadata: { ...user.app_metadata, roles, permissions },
    user_metadata: user.user_metadata ?? {},
    identities: served.identities ?? [],
    is_anonymous: user.is_anonymous ?? false,
  };
}

export function toUserSession(session: GotrueSession, rights: PersonRights): UserSession {
  const { access_token, refresh_token, expires_in } = session;
  return {
    access_token,
    token_type: 'bearer',
    expires_in,
    expires_at: session.expires_at ?? 0,
    refresh_token,
    user: toUser(session.user, rights),
  };
}

export function seenIn(user: GotrueUser): SeenAccount {
  const { banned_until } = user as { readonly banned_until?: string };
  return {
    email: user.email ?? '',
    confirmedAt: timeIn(user.email_confirmed_at),
    bannedUntil: timeIn(banned_until),
    lastSignInAt: timeIn(user.last_sign_in_at),
    updatedAt: timeIn(user.updated_at),
  };
}

function timeIn(text: string | undefined): Date | null {
  const time = new Date(text ?? '');
  return Number.isNaN(time.getTime()) ? null : time;
}
