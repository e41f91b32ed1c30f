import { ServiceError } from '#errors';
import { covers } from '#rbac';
import type { ClientForToken } from '#storage';
import type { ClientRequests } from './client-requests.ts';
import { afterLifetime, endFamily } from './client-tokens.ts';
import { readParameters } from './parameters.ts';
import { createTokenReader, marksOf, type PresentedToken } from './presented-token.ts';
import type { Oauth, OauthDependencies } from './types.ts';

/**
 * Token revocation (RFC 7009). Whoever gives up a refresh token gives up the access tokens that came with it as well
 * (§2.1). What is no token of ours, or not good any more, is gone already (§2.2).
 */
export function createTokenRevocation(
  dependencies: OauthDependencies,
  requests: ClientRequests,
): Oauth['revoke'] {
  const { storage, audit, revocations, people, now } = dependencies;
  const readToken = createTokenReader(dependencies);

  async function revoke(token: string, presented: PresentedToken, caller: ClientForToken): Promise<void> {
    if (presented === null) return;
    const actor = { type: 'client', id: caller.client.id } as const;
    const isOwn = ownerOf(presented) === caller.client.id;
    if (!isOwn && !covers(caller.permissions, 'tokens:revoke')) {
      throw new ServiceError('unauthorized_client', 'This token was not issued to this client.');
    }
    // Once more changes nothing, and makes no row.
    if (presented.kind === 'machine' && revocations.isKnownRevoked(marksOf(presented.claims))) return;
    if (presented.kind === 'person') {
      const id = (await people?.endSession(token)) ?? null;
      if (id !== null) audit.enqueue({ action: 'token.revoked', actor, subject: { type: 'session', id } });
      return;
    }
    await storage.transaction(async (stores) => {
      const record = (subject: { type: string; id: string }, detail: Record<string, unknown>) =>
        audit.record(stores, { action: 'token.revoked', actor, subject, detail });
      if (presented.kind === 'machine') {
        const { jti: id, exp, client_id } = presented.claims;
        await revocations.revoke(stores, { kind: 'token', id, expiresAt: endOf(exp, now()) });
        await record({ type: 'token', id }, { client_id });
      } else {
        const { family } = presented;
        await endFamily(stores, { revocations, now }, family.id);
        await record({ type: 'client', id: family.clientId }, { family_id: family.id });
      }
    });
  }

  return async (request) => {
    const parameters = readParameters(request.parameters);
    // Counted, since each one may stay for a day with every process.
    const { caller } = await requests.authenticateAndCount(request, parameters);
    const token = parameters.get('token');
    if (token === undefined) throw new ServiceError('invalid_request', 'token is missing.');
    await revoke(token, await readToken(token), caller);
    return { clientId: caller.client.id };
  };
}

/** No token of ours lives longer, whatever one says that somebody signed with a shared secret. */
function endOf(exp: number, now: Date): Date {
  return new Date(Math.min(exp * 1000, afterLifetime(now).getTime()));
}

function ownerOf(presented: Exclude<PresentedToken, null>): string | null {
  if (presented.kind === 'machine') return presented.claims.client_id;
  return presented.kind === 'refresh' ? presented.family.clientId : null;
}
