import { ServiceError } from '#errors';
import { createAccessTokens } from './access-token.ts';
import { createClientAuthentication } from './client-authentication.ts';
import { createExpirySweep } from './expired-rows.ts';
import type { Grant } from './grants/grant.ts';
import { GRANTS } from './grants/table.ts';
import { type Parameters, readParameters } from './parameters.ts';
import { createRateLimits } from './rate-limits.ts';
import { createRefreshFamilies } from './refresh-families.ts';
import type { SecretUse } from './secret-use.ts';
import { chooseTerms } from './terms.ts';
import type { IssuedToken, OauthDependencies, TokenRequest } from './types.ts';

/**
 * The token endpoint (RFC 6749 §3.2) as one pipeline. What is checked before ② depends on the request alone, so that
 * nothing about a client is told to who has not proved to be it. A refresh token is used up in ⑥, where nothing is left
 * that could be wrong with the request: no mistake costs it.
 */
export function createTokenEndpoint(dependencies: OauthDependencies, secretUse: Pick<SecretUse, 'note'>) {
  const { audit, settings } = dependencies;
  const limits = createRateLimits(dependencies);
  const sweepExpired = createExpirySweep(dependencies);
  const authenticateClient = createClientAuthentication(dependencies, { sweepExpired, secretUse });
  const signAccessToken = createAccessTokens(dependencies);
  const families = createRefreshFamilies(dependencies, sweepExpired);

  return async function issueToken(request: TokenRequest): Promise<IssuedToken> {
    const { clientIp } = request;
    await limits.refuseBlockedAddress(clientIp);
    const parameters = readParameters(request.parameters);

    // ① grant
    const grant = findGrant(parameters);

    // ② authenticate client
    const { client, roles, permissions } = await limits.countFailure(clientIp, () =>
      authenticateClient(request, parameters),
    );
    const limit = await limits.countRequest(client.id, clientIp);

    // ③ scopes, and whom the token is for, within what was given before
    const family = grant.policy.resumes ? await families.find(client, parameters, clientIp) : null;
    const { scopes, audience } = chooseTerms(grant, parameters, { client, permissions, family }, settings);

    // ④ grant's own rule
    const access = grant.authorize({ client, roles, permissions, scopes });

    // ⑤ sign
    const { id, response } = signAccessToken(client, access, audience);

    // ⑥ refresh token: the next of its family, or the first of a new one
    const refreshToken = family
      ? await families.advance(family, clientIp)
      : await families.begin(client, { scope: scopes, resources: audience.resources });

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
