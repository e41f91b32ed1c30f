/**
 * oauth: machine identities and their tokens. Owns the rules of clients and their secrets, client authentication,
 * fetching the keys of clients from where they keep them, the token endpoint with its grants, refresh tokens, what a
 * machine token says, and the authorization server metadata.
 * May use: rbac's tables through storage, keys (signs, and verifies what clients sign), audit, the limiters of kv it is
 * given, crypto.
 * Does not: serve HTTP, keep keys of ours, know people, or verify access tokens (keys does).
 */
import { createClients } from './clients.ts';
import { createMetadata } from './metadata.ts';
import { createTokenEndpoint } from './token-endpoint.ts';
import type { Oauth, OauthDependencies } from './types.ts';

export { createKeySetFetch, type FetchKeySet, type KeySetFetchOptions } from './fetch-key-set.ts';
export type {
  AuthorizationServerMetadata,
  ClientDetails,
  ClientSecretSummary,
  Clients,
  CreatedClient,
  IssuedToken,
  NewClientInput,
  Oauth,
  OauthDependencies,
  OauthSettings,
  TokenEndpointAuthMethod,
  TokenLimits,
  TokenRequest,
  TokenResponse,
} from './types.ts';

export function createOauth(dependencies: OauthDependencies): Oauth {
  return {
    clients: createClients(dependencies),
    issueToken: createTokenEndpoint(dependencies),
    metadata: createMetadata(dependencies.settings),
  };
}
