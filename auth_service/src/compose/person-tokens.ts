import { isServiceError } from '#errors';
import type { People, UserPrincipal } from '#identity';
import { decodeToken } from '#keys';
import type { PersonTokens } from '#oauth';

/** People's tokens as introspection and revocation need them: neither room knows the other. */
export function describePersonTokens(people: People, issuers: PersonTokens['issuers']): PersonTokens {
  async function verify(accessToken: string): Promise<UserPrincipal | null> {
    try {
      return await people.verify(accessToken);
    } catch (error) {
      if (isServiceError(error, 'invalid_token')) return null;
      throw error;
    }
  }

  return {
    issuers,

    async inspect(accessToken) {
      const principal = await verify(accessToken);
      const claims = decodeToken(accessToken)?.claims;
      if (principal === null || claims === undefined) return null;
      const { userId, sessionId, email, aal, roles, permissions } = principal;
      const { iss, aud, exp, iat } = claims;
      const who = { sub: userId, username: email, session_id: sessionId, aal, roles, permissions };
      return { token_type: 'Bearer', scope: permissions.join(' '), iss, aud, exp, iat, ...who };
    },

    async endSession(accessToken) {
      const principal = await verify(accessToken);
      if (principal === null) return null;
      await people.logout({ principal, accessToken }, 'local');
      return principal.sessionId;
    },
  };
}
