import { ServiceError } from '#errors';
import type { ClientForToken } from '#storage';
import { createAssertionCheck } from './assertion-check.ts';
import { claimFault } from './assertion-claims.ts';
import type { ClientCache } from './client-cache.ts';
import type { ClientProof, Refusal } from './client-proof.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import type { Parameters } from './parameters.ts';
import { createSecretCheck } from './secret-check.ts';
import type { SecretUse } from './secret-use.ts';
import type { OauthDependencies, TokenRequest } from './types.ts';
import { UUID } from './uuid.ts';

const LENGTH_AT_MOST = 256;

/** Said of faults in the request itself only: whatever depends on what is stored is answered in one way. */
const FAULT_MESSAGES: Partial<Record<Refusal, string>> = {
  no_credentials: 'Client credentials are missing.',
  malformed_credentials: 'The Authorization header is no well-formed Basic credential.',
  unsupported_method: 'This client authentication method is not supported.',
  unsupported_assertion_type:
    'client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer.',
  malformed_assertion: 'client_assertion must be a JWT whose iss and sub are the client id.',
};

export interface ClientAuthentication {
  /** @throws ServiceError `invalid_client`, and what the request itself has wrong. */
  authenticate(request: TokenRequest, parameters: Parameters): Promise<ClientForToken>;
  /** Whether it will be judged at once: without a question to the database, and without a slow hash. Never throws. */
  isWarm(request: TokenRequest, parameters: Parameters): boolean;
}

/** What is done behind it. */
interface Beside {
  readonly sweepExpired: () => void;
  readonly secretUse: Pick<SecretUse, 'note'>;
  readonly clients: Pick<ClientCache, 'findForToken' | 'warm'>;
}

/**
 * Client authentication (RFC 6749 §2.3). An unknown, inactive or wrong client costs the same statement and the same
 * hashes, or the same signature, and gets the same answer.
 */
export function createClientAuthentication(
  dependencies: OauthDependencies,
  { sweepExpired, secretUse, clients }: Beside,
): ClientAuthentication {
  const { random, now, settings } = dependencies;
  const refuse = createRefusal(dependencies);
  const checkSecret = createSecretCheck(dependencies, secretUse);
  const checkAssertion = createAssertionCheck(dependencies, sweepExpired);
  // Looked up in place of an id that is no UUID. Random, so that nobody can create a client with it.
  const nobody = random.uuid();

  /** What can be seen without knowing any client. @throws ServiceError `public_url_missing`. */
  function faultOf(credentials: Credentials): string | null {
    if (credentials.method !== 'private_key_jwt') return null;
    if (settings.publicUrl === null) throw new ServiceError('public_url_missing');
    return claimFault(credentials.decoded, settings.publicUrl, now());
  }

  function check(credentials: Credentials, found: ClientForToken | null): Promise<ClientProof> {
    if (credentials.method === 'private_key_jwt') return checkAssertion(credentials, found);
    return checkSecret(credentials, found);
  }

  async function authenticate(
    { authorization, clientIp }: TokenRequest,
    parameters: Parameters,
  ): Promise<ClientForToken> {
    const credentials = readCredentials(authorization, parameters);
    if (typeof credentials === 'string') return refuse(credentials, clientIp);
    const clientId = credentials.clientId.toLowerCase();
    if (isTooLong(credentials)) return refuse('wrong_secret', clientIp, { clientId });
    const fault = faultOf(credentials);
    if (fault !== null) return refuse('malformed_assertion', clientIp, { clientId, fault });

    const found = await clients.findForToken(UUID.test(clientId) ? clientId : nobody);
    const proof = await check(credentials, found);
    if (found === null) return refuse('unknown_client', clientIp, { clientId });
    if (proof.refusal !== null) return refuse(proof.refusal, clientIp, { clientId, cause: proof.cause });
    if (!found.client.isActive) return refuse('inactive_client', clientIp, { clientId });
    const required = found.client.tokenEndpointAuthMethod;
    if (required !== null && required !== credentials.method) {
      return refuse('wrong_method', clientIp, { clientId });
    }
    const late = await proof.accept();
    return late === null ? found : refuse(late, clientIp, { clientId });
  }

  return {
    authenticate,
    isWarm({ authorization }, parameters) {
      try {
        const credentials = readCredentials(authorization, parameters);
        if (typeof credentials === 'string' || credentials.method === 'private_key_jwt') return false;
        const known = clients.warm(credentials.clientId.toLowerCase());
        // A slow hash is work that a blocked address must not be able to ask for.
        return known?.secrets.every(({ algorithm }) => algorithm === 'sha256') ?? false;
      } catch {
        // What is wrong with it is said when it is authenticated.
        return false;
      }
    },
  };
}

/** An assertion has its own bound. */
function isTooLong(credentials: Credentials): boolean {
  const texts = 'secret' in credentials ? [credentials.clientId, credentials.secret] : [credentials.clientId];
  return texts.some((text) => text.length > LENGTH_AT_MOST);
}

interface RefusalDetail {
  readonly clientId?: string;
  /** Of the request itself: said in the answer. */
  readonly fault?: string;
  /** Said nowhere but in the audit event. */
  readonly cause?: string | undefined;
}

function createRefusal({ audit }: OauthDependencies) {
  return (
    reason: Refusal,
    clientIp: string,
    { clientId, fault, cause = fault }: RefusalDetail = {},
  ): never => {
    audit.enqueue({
      action: 'client.authentication_failed',
      outcome: 'failure',
      actor: { type: 'anonymous', id: null },
      // What is no UUID may be a secret in the wrong field.
      ...(clientId !== undefined && UUID.test(clientId) && { subject: { type: 'client', id: clientId } }),
      clientIp,
      detail: { reason, ...(cause !== undefined && { cause }) },
    });
    throw new ServiceError('invalid_client', fault ?? FAULT_MESSAGES[reason]);
  };
}
