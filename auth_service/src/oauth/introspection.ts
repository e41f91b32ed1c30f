import { ServiceError } from '#errors';
import { covers } from '#rbac';
import type { ClientForToken, RefreshTokenFamily } from '#storage';
import type { ClientCache } from './client-cache.ts';
import type { ClientRequests } from './client-requests.ts';
import { heldNow } from './own-api.ts';
import { createTokenReader, type MachineClaims, marksOf } from './presented-token.ts';
import type { Introspection, Oauth, OauthDependencies } from './types.ts';

const INACTIVE: Introspection = { active: false };

/**
 * Token introspection (RFC 7662). The answer is about this moment: what the client lost since the token was issued is not
 * in it any more. Without the right to ask about others, their tokens look like none at all.
 */
export function createIntrospection(
  dependencies: OauthDependencies,
  requests: ClientRequests,
  clients: ClientCache,
): Oauth['introspect'] {
  const { revocations } = dependencies;
  const readToken = createTokenReader(dependencies);

  async function describe(token: string, caller: ClientForToken): Promise<Introspection> {
    const presented = await readToken(token);
    if (presented === null || (presented.kind === 'refresh' && !presented.isNewest)) return INACTIVE;
    const mayAskAboutAll = covers(caller.permissions, 'tokens:introspect');
    if (presented.kind === 'person') return mayAskAboutAll ? { ...presented.claims, active: true } : INACTIVE;
    const owner = presented.kind === 'machine' ? presented.claims.client_id : presented.family.clientId;
    if (!mayAskAboutAll && owner !== caller.client.id) return INACTIVE;
    // Before the question to the database, too: while nobody can tell, the answer does not wait for it.
    if (presented.kind === 'machine' && revocations.isRevoked(marksOf(presented.claims))) return INACTIVE;
    const found = await clients.find(owner);
    if (found === null || !found.client.isActive) return INACTIVE;
    return presented.kind === 'machine'
      ? describeMachine(presented.claims, found)
      : describeRefresh(presented.family, found);
  }

  function describeMachine(claims: MachineClaims, owner: ClientForToken): Introspection {
    if (revocations.isRevoked(marksOf(claims))) return INACTIVE;
    const permissions = heldNow(owner.permissions, claims.permissions);
    return {
      active: true,
      scope: permissions.join(' '),
      client_id: claims.client_id,
      token_type: 'Bearer',
      exp: claims.exp,
      iat: claims.iat,
      sub: claims.sub,
      aud: claims.aud,
      iss: claims.iss,
      jti: claims.jti,
      client_name: owner.client.name,
      client_type: 'm2m',
      roles: heldNow(owner.roles, claims.roles),
      permissions,
    };
  }

  return async (request) => {
    const { caller, parameters } = await requests.authenticate(request);
    const token = parameters.get('token');
    if (token === undefined) throw new ServiceError('invalid_request', 'token is missing.');
    return { clientId: caller.client.id, answer: await describe(token, caller) };
  };
}

function describeRefresh(family: RefreshTokenFamily, { client }: ClientForToken): Introspection {
  if (!client.refreshTokens) return INACTIVE;
  return {
    active: true,
    client_id: client.id,
    sub: client.id,
    exp: Math.floor(family.expiresAt.getTime() / 1000),
    iat: Math.floor((family.refreshedAt ?? family.createdAt).getTime() / 1000),
    ...(family.scope === null ? {} : { scope: family.scope.join(' ') }),
  };
}
