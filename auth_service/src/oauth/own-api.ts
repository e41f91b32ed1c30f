import { ServiceError } from '#errors';
import { type JwtClaims, type TokenPolicy, verifyToken } from '#keys';
import { covers } from '#rbac';
import type { ClientCache } from './client-cache.ts';
import type { ClientPrincipal, OauthDependencies } from './types.ts';

const CLOCK_TOLERANCE_SECONDS = 5;

/**
 * Who a client is that calls our own API. Only the key ring vouches for it (with a shared secret every consumer could
 * forge its tokens), and only a token that was asked for with `resource=PUBLIC_URL` is meant for it.
 */
export function createOwnApi(
  { keys, settings, now }: Pick<OauthDependencies, 'keys' | 'settings' | 'now'>,
  clients: ClientCache,
): (accessToken: string) => Promise<ClientPrincipal> {
  const { publicUrl } = settings;

  return async (accessToken) => {
    if (publicUrl === null) throw new ServiceError('public_url_missing');
    const policy: TokenPolicy = {
      issuer: publicUrl,
      audience: publicUrl,
      typ: 'at+jwt',
      clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
      findKeys: (kid) => {
        const key = kid === undefined ? null : keys.ring.findKey(kid);
        return key === null ? [] : [key];
      },
    };
    const claims = verifyToken(accessToken, policy, now());
    const clientId = clientIn(claims);
    const found = await clients.find(clientId);
    if (found === null || !found.client.isActive) {
      throw new ServiceError('invalid_token', 'The client of this token may not be used.');
    }
    return { kind: 'client', clientId, permissions: narrow(found.permissions, claims) };
  };
}

function clientIn({ sub, client_id, token_type }: JwtClaims): string {
  if (typeof sub !== 'string' || sub !== client_id || token_type !== 'm2m_access') {
    throw new ServiceError('invalid_token', 'The token is none of a client.');
  }
  return sub;
}

/**
 * What the client holds now. A token that was narrowed by `scope` (it names no role) gives at most what it names;
 * `role:admin_manage` covers a permission on either side.
 */
function narrow(held: readonly string[], { roles, permissions }: JwtClaims): readonly string[] {
  const asked = Array.isArray(permissions) ? permissions.filter((name) => typeof name === 'string') : [];
  // A token that names no role gives what it names and no more, nothing included.
  const isNarrowed = !Array.isArray(roles) || roles.length === 0;
  return isNarrowed ? asked.filter((permission) => covers(held, permission)) : held;
}
