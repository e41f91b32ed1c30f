export interface GotrueUser {
  readonly id: string;
  readonly aud: string;
  readonly role: string;
  readonly email: string;
  /** Asked for and not confirmed yet; the double never confirms it. */
  readonly newEmail: string | null;
  readonly passwordHash: string | null;
  readonly emailConfirmedAt: Date | null;
  readonly invitedAt: Date | null;
  readonly confirmationSentAt: Date | null;
  readonly recoverySentAt: Date | null;
  readonly lastSignInAt: Date | null;
  readonly bannedUntil: Date | null;
  readonly deletedAt: Date | null;
  readonly appMetadata: Readonly<Record<string, unknown>>;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  readonly isAnonymous: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The row of the e-mail identity, with what was said at sign-up; a soft deletion takes it away. */
  readonly identity: { readonly id: string; readonly data: Readonly<Record<string, unknown>> } | null;
}

export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly amr: readonly { readonly method: string; readonly timestamp: number }[];
  readonly createdAt: Date;
  readonly refreshedAt: Date | null;
  readonly userAgent: string | null;
  readonly ip: string;
}

export interface RefreshToken {
  readonly token: string;
  readonly sessionId: string;
  readonly parent: string | null;
  readonly isRevoked: boolean;
  readonly updatedAt: Date;
}

export interface OneTimeToken {
  readonly hash: string;
  readonly kind: 'confirmation' | 'recovery';
  readonly userId: string;
  readonly createdAt: Date;
}

export type Store = ReturnType<typeof createStore>;

/** Everything the double knows. What was touched since the mirror was last written stands in `touched`. */
export function createStore() {
  const users = new Map<string, GotrueUser>();
  const sessions = new Map<string, Session>();
  // In the order of their issue, as GoTrue's row ids.
  const refreshTokens = new Map<string, RefreshToken>();
  const oneTimeTokens = new Map<string, OneTimeToken>();
  const touched = { users: new Set<string>(), sessions: new Set<string>() };

  function endSessions(isMeant: (session: Session) => boolean): void {
    for (const session of [...sessions.values()].filter(isMeant)) {
      sessions.delete(session.id);
      touched.sessions.add(session.id);
      for (const { token, sessionId } of [...refreshTokens.values()]) {
        if (sessionId === session.id) refreshTokens.delete(token);
      }
    }
  }

  function dropOneTimeTokens(userId: string, kind?: OneTimeToken['kind']): void {
    for (const [hash, token] of [...oneTimeTokens]) {
      if (token.userId === userId && (kind === undefined || token.kind === kind)) oneTimeTokens.delete(hash);
    }
  }

  return {
    users,
    sessions,
    refreshTokens,
    oneTimeTokens,
    touched,
    endSessions,
    dropOneTimeTokens,
    findByEmail: (email: string) => [...users.values()].find((user) => user.email === email),
    saveUser(user: GotrueUser): GotrueUser {
      users.set(user.id, user);
      touched.users.add(user.id);
      return user;
    },
    saveSession(session: Session): Session {
      sessions.set(session.id, session);
      touched.sessions.add(session.id);
      return session;
    },
    /** One of each kind; a newer one takes its place. */
    saveOneTimeToken(token: OneTimeToken): void {
      dropOneTimeTokens(token.userId, token.kind);
      oneTimeTokens.set(token.hash, token);
    },
    removeUser(id: string): void {
      endSessions(({ userId }) => userId === id);
      dropOneTimeTokens(id);
      users.delete(id);
      touched.users.add(id);
    },
  };
}
