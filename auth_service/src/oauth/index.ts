/**
 * oauth: machine identities and their tokens. Owns the rules of clients and their secrets, client authentication,
 * fetching the keys of clients from where they keep them, the token endpoint with its grants, refresh tokens, what a
 * machine token says, which client a token of our own API stands for, and the authorization server metadata.
 * May use: rbac, keys (signs and verifies), storage, audit, the limiters of kv it is given, crypto.
 * Does not: serve HTTP, keep keys of ours, know people, or guard routes.
 */
import { createClientAuthentication } from './client-authentication.ts';
import { createClientCache } from './client-cache.ts';
import { createClientRequests } from './client-requests.ts';
import { createClients } from './clients.ts';
import { createExpirySweep } from './expired-rows.ts';
import { createIntrospection } from './introspection.ts';
import { createMetadata } from './metadata.ts';
import { createOwnApi } from './own-api.ts';
import { createRateLimits, openTokenLimits } from './rate-limits.ts';
import { createSecretUse } from './secret-use.ts';
import { createTokenEndpoint } from './token-endpoint.ts';
import { createTokenRevocation } from './token-revocation.ts';
import type { Oauth, OauthDependencies } from './types.ts';

export type { ClientColumns } from './client-columns.ts';
export { createKeySetFetch, type FetchKeySet, type KeySetFetchOptions } from './fetch-key-set.ts';
export type {
  AuthorizationServerMetadata,
  ClientChange,
  ClientDependencies,
  ClientDetails,
  ClientPrincipal,
  ClientSecretSummary,
  Clients,
  CreatedClient,
  Introspection,
  IssuedToken,
  NewClientInput,
  NewClientSecret,
  Oauth,
  OauthDependencies,
  OauthSettings,
  PersonTokens,
  TokenEndpointAuthMethod,
  TokenLimits,
  TokenRequest,
  TokenResponse,
} from './types.ts';

export { createClients, openTokenLimits };

export function createOauth(dependencies: OauthDependencies): Oauth {
  const { settings } = dependencies;
  const secretUse = createSecretUse({ ...dependencies, writeIntervalMs: dependencies.secretUseIntervalMs });
  const clients = createClientCache({ ...dependencies, staleSeconds: settings.cacheStaleSeconds });
  const sweepExpired = createExpirySweep(dependencies);
  const beside = { sweepExpired, secretUse, clients };
  const authentication = createClientAuthentication(dependencies, beside);
  const requests = createClientRequests(authentication, createRateLimits(dependencies));
  return {
    clients: createClients(dependencies),
    issueToken: createTokenEndpoint(dependencies, requests, sweepExpired),
    introspect: createIntrospection(dependencies, requests, clients),
    revoke: createTokenRevocation(dependencies, requests),
    invalidate: clients.invalidate,
    verify: createOwnApi(dependencies, clients),
    metadata: createMetadata(settings),
    flush: secretUse.flush,
  };
}
