import { ServiceError } from '#errors';
import { createOncePerWindow } from '#kv';
import type { Client } from '#storage';
import type { GrantedAccess } from './grants/grant.ts';
import type { Audience } from './resources.ts';
import type { OauthDependencies, TokenResponse } from './types.ts';

/** Proxies commonly take 8 kB of headers; the rest of a request needs its part. */
const WARN_OVER_BYTES = 4 * 1024;
const REFUSE_OVER_BYTES = 7 * 1024;
const HOUR_SECONDS = 3600;

interface AccessToken {
  /** Its `jti`. */
  readonly id: string;
  readonly response: TokenResponse;
}

/** @param familyId of the refresh tokens that it comes with; null: none */
export type SignAccessToken = (
  client: Client,
  access: GrantedAccess,
  audience: Audience,
  familyId: string | null,
) => AccessToken;

/** @throws ServiceError `public_url_missing`, `invalid_scope` when too large, and what the key ring throws. */
export function createAccessTokens(dependencies: OauthDependencies): SignAccessToken {
  const { settings, now, random } = dependencies;
  const sign = createSigner(dependencies);
  const watchSize = createSizeWatch(dependencies);

  return (client, access, audience, familyId) => {
    const issuedAt = Math.floor(now().getTime() / 1000);
    const lifetimeSeconds = client.tokenLifetimeSeconds ?? settings.accessTokenLifetimeSeconds;
    const scope = access.permissions.join(' ');
    const id = random.uuid();
    const text = sign(audience, {
      aud: audience.aud,
      sub: access.subject,
      client_id: client.id,
      client_name: client.name,
      client_type: 'm2m',
      token_type: 'm2m_access',
      roles: access.roles,
      permissions: access.permissions,
      scope,
      iat: issuedAt,
      exp: issuedAt + lifetimeSeconds,
      jti: id,
      // Ends with the refresh tokens that it came with.
      ...(familyId === null ? {} : { sid: familyId }),
    });
    watchSize(client, text.length);
    return {
      id,
      response: { access_token: text, token_type: 'Bearer', expires_in: lifetimeSeconds, scope },
    };
  };
}

/**
 * Our own API trusts the key ring alone: with a shared secret every consumer could forge its tokens. They are always
 * ring-signed, and always issued by PUBLIC_URL.
 */
function createSigner({ keys, settings }: OauthDependencies) {
  const { issuer, publicUrl, algorithm } = settings;
  const signer = algorithm === 'HS256' ? keys.sharedSecret : keys.ring;
  if (signer === null) throw new TypeError('HS256 needs a shared secret');

  return (audience: Audience, claims: Record<string, unknown>): string => {
    const iss = audience.isOwnApi ? publicUrl : issuer;
    if (iss === null) throw new ServiceError('public_url_missing');
    return (audience.isOwnApi ? keys.ring : signer).signToken({ iss, ...claims }, 'at+jwt');
  };
}

function createSizeWatch({ logger, now }: OauthDependencies) {
  const isFirst = createOncePerWindow(now);
  return (client: Client, bytes: number): void => {
    if (bytes > REFUSE_OVER_BYTES) {
      throw new ServiceError(
        'invalid_scope',
        `The token would have ${bytes} bytes, and more than ${REFUSE_OVER_BYTES} break proxies. Ask for the permissions that are needed with scope, or for fewer resources with resource.`,
      );
    }
    if (bytes > WARN_OVER_BYTES && isFirst(client.id, HOUR_SECONDS)) {
      logger.warning('a token is large: the client should ask for what it needs with scope', {
        client_id: client.id,
        token_bytes: bytes,
      });
    }
  };
}
