/**
 * oauth: machine identities and their tokens. Owns the rules of clients and their secrets, client authentication,
 * fetching the keys of clients from where they keep them, the token endpoint with its grants, refresh tokens, what a
 * machine token says, which client a token of our own API stands for, and the authorization server metadata.
 * May use: rbac, keys (signs and verifies), storage, audit, the limiters of kv it is given, crypto.
 * Does not: serve HTTP, keep keys of ours, know people, or guard routes.
 */
import { createClientCache } from './client-cache.ts';
import { createClients } from './clients.ts';
import { createMetadata } from './metadata.ts';
import { createOwnApi } from './own-api.ts';
import { createSecretUse } from './secret-use.ts';
import { createTokenEndpoint } from './token-endpoint.ts';
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
  IssuedToken,
  NewClientInput,
  NewClientSecret,
  Oauth,
  OauthDependencies,
  OauthSettings,
  TokenEndpointAuthMethod,
  TokenLimits,
  TokenRequest,
  TokenResponse,
} from './types.ts';

export { createClients };

export function createOauth(dependencies: OauthDependencies): Oauth {
  const secretUse = createSecretUse({ ...dependencies, writeIntervalMs: dependencies.secretUseIntervalMs });
  return {
    clients: createClients(dependencies),
    issueToken: createTokenEndpoint(dependencies, secretUse),
    verify: createOwnApi(dependencies, createClientCache(dependencies)),
    metadata: createMetadata(dependencies.settings),
    flush: secretUse.flush,
  };
}
