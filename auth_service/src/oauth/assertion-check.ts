import { sha256 } from '#crypto';
import { isServiceError } from '#errors';
import { importKeys, type JwtClaims, type VerificationKey, verifyToken } from '#keys';
import type { Client } from '#storage';
import { CLOCK_TOLERANCE_SECONDS } from './assertion-claims.ts';
import type { CheckCredentials, Refusal } from './client-proof.ts';
import type { AssertionCredentials } from './credentials.ts';
import { createNobodysKeys, keysNamed } from './key-sets.ts';
import { createRemoteKeys } from './remote-keys.ts';
import type { OauthDependencies } from './types.ts';

/** RFC 7519 §5.1, and what draft-ietf-oauth-rfc7523bis asks for. */
const TYPES = [null, 'JWT', 'client-authentication+jwt'];

/**
 * `private_key_jwt` (RFC 7523 §3): one signature, whatever the client, with the algorithm of the key that is found. The
 * `jti` is remembered only once everything else is right, so that nobody but the client can use it up.
 * @param sweepExpired called for each assertion that is remembered
 */
export function createAssertionCheck(
  dependencies: OauthDependencies,
  sweepExpired: () => void,
): CheckCredentials<AssertionCredentials> {
  const { now, settings } = dependencies;
  const findKeys = createKeySearch(dependencies);
  const remember = createJtiMemory(dependencies, sweepExpired);
  const nobodysKeys = createNobodysKeys();

  return async ({ assertion, clientId, decoded }, found) => {
    const refusal = refusalOf(found?.client);
    const usable = found && refusal === null ? await findKeys(found.client, decoded.header.kid) : [];
    const keys = typeof usable === 'string' ? [] : usable;
    const policy = {
      issuer: clientId,
      audience: settings.publicUrl ?? '',
      typ: TYPES,
      findKeys: () => (keys.length === 0 ? nobodysKeys : keys),
      clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
    };
    const verified = attempt(() => verifyToken(assertion, policy, now()));
    if (found === null || refusal !== null) return { refusal: refusal ?? 'unknown_client' };
    if (typeof usable === 'string') return { refusal: 'keys_unavailable', cause: usable };
    if (keys.length === 0) return { refusal: 'wrong_assertion', cause: 'The client has no such key.' };
    if (typeof verified === 'string') return { refusal: 'wrong_assertion', cause: verified };
    return { refusal: null, accept: () => remember(found.client, verified) };
  };
}

/** Nothing is fetched for a client that gets no token anyway. */
function refusalOf(client: Client | undefined): Refusal | null {
  if (client === undefined) return 'unknown_client';
  if (!client.isActive) return 'inactive_client';
  const { tokenEndpointAuthMethod: method } = client;
  return method === null || method === 'private_key_jwt' ? null : 'wrong_method';
}

/** The claims, or why there are none. */
function attempt(verifyClaims: () => JwtClaims): JwtClaims | string {
  try {
    return verifyClaims();
  } catch (error) {
    if (isServiceError(error, 'invalid_token')) return error.message;
    throw error;
  }
}

function createKeySearch(dependencies: OauthDependencies) {
  const remoteKeys = createRemoteKeys(dependencies);
  /** Or why they cannot be had. */
  return async ({ id, jwks, jwksUri }: Client, kid: unknown): Promise<VerificationKey[] | string> => {
    if (jwksUri !== null) {
      const keys = await remoteKeys.find(id, jwksUri, kid);
      return typeof keys === 'string' ? keys : keysNamed(keys, kid);
    }
    const candidates = jwks?.keys.filter((jwk) => kid === undefined || [undefined, kid].includes(jwk.kid));
    return keysNamed(importKeys(candidates ?? []), kid);
  };
}

/** Each assertion opens once, across all processes, until it is refused as expired by every clock. */
function createJtiMemory({ storage }: OauthDependencies, sweepExpired: () => void) {
  return async (client: Client, { jti, exp }: JwtClaims): Promise<Refusal | null> => {
    const jtiHash = sha256(jti ?? '').toString('base64url');
    const expiresAt = new Date((exp + CLOCK_TOLERANCE_SECONDS) * 1000);
    try {
      const isNew = await storage.clientAssertions.remember({ clientId: client.id, jtiHash, expiresAt });
      sweepExpired();
      return isNew ? null : 'replayed_assertion';
    } catch (error) {
      // It was deleted since it was found.
      if (isServiceError(error, 'not_found')) return 'unknown_client';
      throw error;
    }
  };
}
