import type { ClientDetails, ClientSecretSummary } from '#oauth';
import type { Client, Permission, Role } from '#storage';

/** The API's own JSON of what commands show: names as on the wire, times in RFC 3339. */

export function clientJson(client: Client) {
  return {
    client_id: client.id,
    client_name: client.name,
    description: client.description,
    is_active: client.isActive,
    allowed_callback_urls: client.allowedCallbackUrls,
    allowed_resources: client.allowedResources,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    token_lifetime_seconds: client.tokenLifetimeSeconds,
    rate_limit: client.rateLimit,
    refresh_tokens: client.refreshTokens,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    created_at: client.createdAt,
    updated_at: client.updatedAt,
  };
}

export function clientDetailsJson(
  { client, roles, permissions }: ClientDetails,
  secrets: readonly ClientSecretSummary[],
) {
  return { ...clientJson(client), assigned_roles: roles, permissions, secrets: secrets.map(secretJson) };
}

export function secretJson(secret: ClientSecretSummary) {
  return {
    id: secret.id,
    hint: secret.hint,
    algorithm: secret.algorithm,
    created_at: secret.createdAt,
    expires_at: secret.expiresAt,
    last_used_at: secret.lastUsedAt,
    safe_to_remove: secret.isSafeToRemove,
  };
}

export function namedThingJson({ id, name, description, createdAt, updatedAt }: Role | Permission) {
  return { id, name, description, created_at: createdAt, updated_at: updatedAt };
}
