import { equalInConstantTime, sha256 } from '#crypto';
import { ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { ClientForToken, ClientSecret } from '#storage';
import { createBcryptCheck } from './bcrypt-check.ts';
import { type CredentialFault, readCredentials } from './credentials.ts';
import type { Parameters } from './parameters.ts';
import type { SecretUse } from './secret-use.ts';
import type { OauthDependencies, TokenRequest } from './types.ts';
import { UUID } from './uuid.ts';

type Refusal = CredentialFault | 'unknown_client' | 'inactive_client' | 'wrong_method' | 'wrong_secret';

const LENGTH_AT_MOST = 256;
const DIGEST_BYTES = 32;

/** Said of faults in the request itself only: whatever depends on what is stored is answered in one way. */
const FAULT_MESSAGES: Partial<Record<Refusal, string>> = {
  no_credentials: 'Client credentials are missing.',
  malformed_credentials: 'The Authorization header is no well-formed Basic credential.',
  unsupported_method: 'This client authentication method is not supported.',
};

export type AuthenticateClient = (request: TokenRequest, parameters: Parameters) => Promise<ClientForToken>;

/**
 * Client authentication (RFC 6749 §2.3). An unknown, inactive or wrong client costs the same statement and the same
 * hashes and gets the same answer. Only a client whose imported bcrypt hash still waits for its first right secret
 * takes longer; ids are no secrets, so that tells nothing worth a slow hash on every unknown id.
 */
export function createClientAuthentication(
  dependencies: OauthDependencies,
  secretUse: Pick<SecretUse, 'note'>,
): AuthenticateClient {
  const { storage, audit, random, hashSecret = sha256 } = dependencies;
  const findMatch = createSecretMatch(random.bytes(DIGEST_BYTES));
  const upgradeSecret = createSecretUpgrade(dependencies);
  // Looked up in place of an id that is no UUID. Random, so that nobody can create a client with it.
  const nobody = random.uuid();

  function refuse(reason: Refusal, clientIp: string, clientId?: string): never {
    audit.enqueue({
      action: 'client.authentication_failed',
      outcome: 'failure',
      actor: { type: 'anonymous', id: null },
      // What is no UUID may be a secret in the wrong field.
      ...(clientId !== undefined && UUID.test(clientId) && { subject: { type: 'client', id: clientId } }),
      clientIp,
      detail: { reason },
    });
    throw new ServiceError('invalid_client', FAULT_MESSAGES[reason]);
  }

  return async ({ authorization, clientIp }, parameters) => {
    const credentials = readCredentials(authorization, parameters);
    if (typeof credentials === 'string') return refuse(credentials, clientIp);
    const { method, secret } = credentials;
    const clientId = credentials.clientId.toLowerCase();
    if (secret.length > LENGTH_AT_MOST || clientId.length > LENGTH_AT_MOST) {
      return refuse('wrong_secret', clientIp, clientId);
    }
    const found = await storage.clients.findForToken(UUID.test(clientId) ? clientId : nobody);
    const digest = hashSecret(secret);
    const match = await findMatch(secret, digest, found?.secrets ?? []);
    if (found === null) return refuse('unknown_client', clientIp, clientId);
    if (match === null) return refuse('wrong_secret', clientIp, clientId);
    if (!found.client.isActive) return refuse('inactive_client', clientIp, clientId);
    const required = found.client.tokenEndpointAuthMethod;
    if (required !== null && required !== method) return refuse('wrong_method', clientIp, clientId);
    secretUse.note(match);
    if (match.algorithm === 'bcrypt') await upgradeSecret(match, digest);
    return found;
  };
}

/** @param dummy compared with when a client has no secret to compare with */
function createSecretMatch(dummy: Buffer) {
  const checkBcrypt = createBcryptCheck();
  return async (
    secret: string,
    digest: Buffer,
    secrets: readonly ClientSecret[],
  ): Promise<ClientSecret | null> => {
    const digests = secrets.filter(({ algorithm }) => algorithm === 'sha256');
    let match: ClientSecret | null = null;
    if (digests.length === 0) equalInConstantTime(digest, dummy);
    for (const candidate of digests) {
      if (equalInConstantTime(digest, Buffer.from(candidate.hash, 'base64url'))) match = candidate;
    }
    if (match !== null) return match;
    for (const candidate of secrets) {
      if (candidate.algorithm === 'bcrypt' && (await checkBcrypt(secret, candidate.hash))) match = candidate;
    }
    return match;
  };
}

/** An imported hash that has proved right once becomes a fast one. Two at once: the first one writes. */
function createSecretUpgrade({ storage, audit, logger }: OauthDependencies) {
  return async (secret: ClientSecret, digest: Buffer): Promise<void> => {
    try {
      await storage.transaction(async (stores) => {
        const upgraded = { algorithm: 'sha256', hash: digest.toString('base64url') } as const;
        if (!(await stores.clientSecrets.replaceHash(secret.id, secret.hash, upgraded))) return;
        await audit.record(stores, {
          action: 'client.secret_upgraded',
          actor: { type: 'client', id: secret.clientId },
          subject: { type: 'client', id: secret.clientId },
          detail: { secret_id: secret.id, from: 'bcrypt', to: 'sha256' },
        });
      });
    } catch (error) {
      // The secret was right: the client gets its token, and the next request tries again.
      logger.warning('an imported client secret could not be upgraded', {
        client_id: secret.clientId,
        error: errorContext(error),
      });
    }
  };
}
