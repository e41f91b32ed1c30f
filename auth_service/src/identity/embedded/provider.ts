import { ServiceError } from '#errors';
import type { IdentityProvider, UserPrincipal } from '../types.ts';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import { createAccountAdministration, reached } from './account-administration.ts';
import { createAccountChanges } from './account-changes.ts';
import type { EmbeddedDependencies } from './dependencies.ts';
import { createRefresh } from './refresh.ts';
import { createSessionStart } from './session-start.ts';
import { createSignIn } from './sign-in.ts';
import { createEnsureUser, createSignUp } from './sign-up.ts';
import { isBanned } from './wire.ts';

/** The identity server inside this process: GoTrue's rules over our own tables. */
export function createEmbeddedProvider(dependencies: EmbeddedDependencies): IdentityProvider {
  const { ring, settings, now } = dependencies;
  const accessTokens = createAccessTokens({
    ring,
    issuer: settings.issuer,
    lifetimeSeconds: settings.accessTokenLifetimeSeconds,
    now,
  });
  const sessions = createSessionStart(dependencies, accessTokens);
  return {
    kind: 'embedded',
    signUp: createSignUp(dependencies, sessions),
    signIn: createSignIn(dependencies, sessions),
    refresh: createRefresh(dependencies, sessions),
    verify: createVerification(dependencies, accessTokens),
    ...createAccountChanges(dependencies),
    own: ({ userId }) => reached(dependencies, userId),
    ensureUser: createEnsureUser(dependencies),
    administration: createAccountAdministration(dependencies),
  };
}

/** One statement: the session must live, and its person be neither gone, nor banned, nor inactive. */
function createVerification({ storage, revocations, now }: EmbeddedDependencies, accessTokens: AccessTokens) {
  return async (accessToken: string): Promise<UserPrincipal> => {
    const { userId, sessionId, issuedAt } = accessTokens.read(accessToken);
    if (revocations.isRevoked({ sessionId, issuedAt })) {
      throw new ServiceError('invalid_token', 'The session has ended.');
    }
    const person = await storage.sessions.findLive(sessionId, userId);
    if (person === null) throw new ServiceError('invalid_token', 'The session has ended.');
    const { account, profile, session, roles, permissions } = person;
    const { email, userMetadata } = account;
    if (isBanned(account, now()) || profile?.isActive === false) {
      throw new ServiceError('invalid_token', 'The account may not be used.');
    }
    const { aal, amr } = session;
    return { kind: 'user', userId, sessionId, email, aal, amr, userMetadata, roles, permissions };
  };
}
