import { ServiceError } from '#errors';
import { AUTH_METHODS } from './client-columns.ts';
import { GRANTS } from './grants/table.ts';
import type { AuthorizationServerMetadata, OauthSettings } from './types.ts';

/** RFC 7518 §3.1, RFC 8037 §3.1; `Ed25519` is the newer name of `EdDSA` (RFC 9864 §2.2). */
const ASSERTION_ALGORITHMS = ['ES256', 'Ed25519', 'EdDSA', 'RS256'];

export function createMetadata(settings: OauthSettings): () => AuthorizationServerMetadata {
  const { publicUrl, rootPath } = settings;
  return () => {
    if (publicUrl === null) throw new ServiceError('public_url_missing');
    const path = `${publicUrl}${rootPath}/auth`;
    return {
      // RFC 8414 §3.3: it must be the URL that the document was found under, whatever `iss` the tokens carry.
      issuer: publicUrl,
      token_endpoint: `${path}/token`,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      grant_types_supported: [...GRANTS.keys()],
      token_endpoint_auth_methods_supported: AUTH_METHODS,
      token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      introspection_endpoint: `${path}/introspect`,
      introspection_endpoint_auth_methods_supported: AUTH_METHODS,
      introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      revocation_endpoint: `${path}/revoke`,
      revocation_endpoint_auth_methods_supported: AUTH_METHODS,
      revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      // Required by RFC 8414 §2; there is no authorization endpoint.
      response_types_supported: [],
      service_documentation: `${publicUrl}/docs`,
    };
  };
}
