import type { GotrueUser } from './store.ts';

/** The user as GoTrue serves it; what is null is left out. */
export function viewUser(user: GotrueUser): Record<string, unknown> {
  return {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email,
    ...present({ email_confirmed_at: user.emailConfirmedAt, invited_at: user.invitedAt }),
    phone: '',
    ...present({
      confirmation_sent_at: user.confirmationSentAt,
      confirmed_at: user.emailConfirmedAt,
      recovery_sent_at: user.recoverySentAt,
      last_sign_in_at: user.lastSignInAt,
    }),
    ...(user.newEmail === null ? {} : { new_email: user.newEmail }),
    app_metadata: user.appMetadata,
    user_metadata: user.userMetadata,
    identities: viewIdentities(user),
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
    ...present({ banned_until: user.bannedUntil, deleted_at: user.deletedAt }),
    is_anonymous: user.isAnonymous,
  };
}

/** Of somebody whose address is taken: it looks like a new user and leads nowhere. */
export function viewObfuscated(email: string, data: object, now: Date): Record<string, unknown> {
  return {
    id: crypto.randomUUID(),
    aud: 'authenticated',
    role: '',
    email,
    phone: '',
    confirmation_sent_at: now.toISOString(),
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: data,
    identities: [],
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
    is_anonymous: false,
  };
}

function viewIdentities(user: GotrueUser): object[] {
  if (user.identity === null) return [];
  return [
    {
      identity_id: user.identity.id,
      id: user.id,
      user_id: user.id,
      identity_data: {
        ...user.identity.data,
        email: user.email,
        email_verified: user.emailConfirmedAt !== null,
        phone_verified: false,
        sub: user.id,
      },
      provider: 'email',
      last_sign_in_at: user.createdAt.toISOString(),
      created_at: user.createdAt.toISOString(),
      updated_at: user.createdAt.toISOString(),
      email: user.email,
    },
  ];
}

function present(times: Record<string, Date | null>): Record<string, string> {
  const entries = Object.entries(times).flatMap(([name, time]) => time && [[name, time.toISOString()]]);
  return Object.fromEntries(entries.filter((entry) => entry !== null));
}
