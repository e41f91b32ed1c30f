import { ServiceError } from '#errors';
import { createAccessTokens } from './access-token.ts';
import type { ClientRequests } from './client-requests.ts';
import type { Grant } from './grants/grant.ts';
import { GRANTS } from './grants/table.ts';
import { type Parameters, readParameters } from './parameters.ts';
import { createRefreshFamilies } from './refresh-families.ts';
import { chooseTerms } from './terms.ts';
import type { IssuedToken, OauthDependencies, TokenRequest } from './types.ts';

/**
 * The token endpoint (RFC 6749 §3.2) as one pipeline. What is checked before ② depends on the request alone, so that
 * nothing about a client is told to who has not proved to be it. A refresh token is used up in ⑥, where nothing is left
 * that could be wrong with the request: no mistake costs it.
 */
export function createTokenEndpoint(
  dependencies: OauthDependencies,
  requests: ClientRequests,
  sweepExpired: () => void,
) {
  const { audit, settings, random } = dependencies;
  const signAccessToken = createAccessTokens(dependencies);
  const families = createRefreshFamilies(dependencies, sweepExpired);

  return async function issueToken(request: TokenRequest): Promise<IssuedToken> {
    const { clientIp } = request;
    const parameters = readParameters(request.parameters);

    // ① grant
    const grant = findGrant(parameters);

    // ② authenticate client
    const { caller, limit } = await requests.authenticateAndCount(request, parameters);
    const { client, roles, permissions } = caller;

    // ③ scopes, and whom the token is for, within what was given before
    const family = grant.policy.resumes ? await families.find(client, parameters, clientIp) : null;
    const { scopes, audience } = chooseTerms(grant, parameters, { client, permissions, family }, settings);

    // ④ grant's own rule
    const access = grant.authorize({ client, roles, permissions, scopes });

    // ⑤ sign
    const familyId = family?.id ?? (client.refreshTokens ? random.uuid() : null);
    const { id, response } = signAccessToken(client, access, audience, familyId);

    // ⑥ refresh token: the next of its family, or the first of a new one
    const terms = { scope: scopes, resources: audience.resources };
    const refreshToken = family
      ? await families.advance(family, clientIp)
      : familyId && (await families.begin(client, familyId, terms));

    // ⑦ audit
    audit.enqueue({
      action: 'token.issued',
      actor: { type: 'client', id: client.id },
      subject: { type: 'token', id },
      clientIp,
      detail: { jti: id, grant_type: grant.type, aud: audience.aud, scope_size: access.permissions.length },
    });

    const answer = refreshToken === null ? response : { ...response, refresh_token: refreshToken };
    return { clientId: client.id, response: answer, limit };
  };
}

/** RFC 6749 §5.2. */
function findGrant(parameters: Parameters): Grant {
  const type = parameters.get('grant_type');
  if (type === undefined) throw new ServiceError('invalid_request', 'grant_type is missing.');
  const grant = GRANTS.get(type);
  if (grant === undefined) {
    throw new ServiceError(
      'unsupported_grant_type',
      `grant_type must be one of: ${[...GRANTS.keys()].join(', ')}.`,
    );
  }
  const missing = grant.policy.requires.find((name) => parameters.get(name) === undefined);
  if (missing !== undefined) throw new ServiceError('invalid_request', `${missing} is missing.`);
  return grant;
}
