import { ServiceError } from '#errors';
import { createAccessTokens } from './access-token.ts';
import { createClientAuthentication } from './client-authentication.ts';
import type { Grant } from './grants/grant.ts';
import { GRANTS } from './grants/table.ts';
import { type Parameters, readParameters } from './parameters.ts';
import { createRateLimits } from './rate-limits.ts';
import { chooseAudience } from './resources.ts';
import { narrowScopes } from './scopes.ts';
import type { SecretUse } from './secret-use.ts';
import type { IssuedToken, OauthDependencies, TokenRequest } from './types.ts';

/**
 * The token endpoint (RFC 6749 §3.2) as one pipeline. What is checked before ② depends on the request alone, so that
 * nothing about a client is told to who has not proved to be it.
 */
export function createTokenEndpoint(dependencies: OauthDependencies, secretUse: Pick<SecretUse, 'note'>) {
  const { audit, settings } = dependencies;
  const limits = createRateLimits(dependencies);
  const authenticateClient = createClientAuthentication(dependencies, secretUse);
  const signAccessToken = createAccessTokens(dependencies);

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

    // ③ scopes, and whom the token is for
    const { takesScope, takesResource } = grant.policy;
    const scopes = narrowScopes(takesScope ? parameters.get('scope') : undefined, permissions);
    const audience = chooseAudience(takesResource ? parameters.resources : [], client, settings);

    // ④ grant's own rule
    const access = grant.authorize({ client, roles, permissions, scopes });

    // ⑤ sign
    const { id, response } = signAccessToken(client, access, audience);

    // ⑥ audit
    audit.enqueue({
      action: 'token.issued',
      actor: { type: 'client', id: client.id },
      subject: { type: 'token', id },
      clientIp,
      detail: {
        jti: id,
        grant_type: grant.type,
        aud: audience.aud,
        scope_size: access.permissions.length,
      },
    });

    return { clientId: client.id, response, limit };
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
  return grant;
}
