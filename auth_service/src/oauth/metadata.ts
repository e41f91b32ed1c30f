import { ServiceError } from '#errors';
import { GRANTS } from './grants/table.ts';
import type { AuthorizationServerMetadata, OauthSettings } from './types.ts';

export function createMetadata(settings: OauthSettings): () => AuthorizationServerMetadata {
  const { publicUrl, rootPath } = settings;
  return () => {
    if (publicUrl === null) throw new ServiceError('public_url_missing');
    return {
      // RFC 8414 §3.3: it must be the URL that the document was found under, whatever `iss` the tokens carry.
      issuer: publicUrl,
      token_endpoint: `${publicUrl}${rootPath}/auth/token`,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      grant_types_supported: [...GRANTS.keys()],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      // Required by RFC 8414 §2; there is no authorization endpoint.
      response_types_supported: [],
      service_documentation: `${publicUrl}/docs`,
    };
  };
}
