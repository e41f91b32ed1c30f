import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isServiceError } from '#errors';
import { PUBLIC_URL } from './build-oauth.ts';
import { describeOauth } from './describe-oauth.ts';

const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
const ALGORITHMS = ['ES256', 'Ed25519', 'EdDSA', 'RS256'];

describeOauth('metadata', (suite) => {
  test('it names what is served and nothing else', async () => {
    const { oauth } = await suite.build();
    assert.deepEqual(oauth.metadata(), {
      issuer: PUBLIC_URL,
      token_endpoint: `${PUBLIC_URL}/api/v1/auth/token`,
      jwks_uri: `${PUBLIC_URL}/.well-known/jwks.json`,
      grant_types_supported: ['client_credentials', 'refresh_token'],
      token_endpoint_auth_methods_supported: METHODS,
      token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
      introspection_endpoint: `${PUBLIC_URL}/api/v1/auth/introspect`,
      introspection_endpoint_auth_methods_supported: METHODS,
      introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
      revocation_endpoint: `${PUBLIC_URL}/api/v1/auth/revoke`,
      revocation_endpoint_auth_methods_supported: METHODS,
      revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
      response_types_supported: [],
      service_documentation: `${PUBLIC_URL}/docs`,
    });
  });

  test('its issuer is PUBLIC_URL also where tokens carry another one, and the root path may be empty', async () => {
    const { oauth } = await suite.build({
      settings: { algorithm: 'HS256', issuer: 'paservices_auth_service', rootPath: '' },
    });
    assert.equal(oauth.metadata().issuer, PUBLIC_URL);
    assert.equal(oauth.metadata().token_endpoint, `${PUBLIC_URL}/auth/token`);
  });

  test('without PUBLIC_URL there is none', async () => {
    const { oauth } = await suite.build({ settings: { publicUrl: null } });
    assert.throws(oauth.metadata, (error) => isServiceError(error, 'public_url_missing'));
  });
});
