import type { RouteSchema } from '../openapi/route-schema.ts';

const strings = { type: 'array', items: { type: 'string' } } as const;

export const METADATA_SCHEMA: RouteSchema = {
  tag: 'Machines',
  summary: 'Show where to get tokens and how',
  description: 'Authorization server metadata (RFC 8414), built from PUBLIC_URL; 503 without it.',
  response: {
    200: {
      name: 'AuthorizationServerMetadata',
      description: 'The metadata.',
      schema: {
        type: 'object',
        required: [
          'issuer',
          'token_endpoint',
          'jwks_uri',
          'grant_types_supported',
          'response_types_supported',
        ],
        properties: {
          issuer: { type: 'string', format: 'uri' },
          token_endpoint: { type: 'string', format: 'uri' },
          jwks_uri: { type: 'string', format: 'uri' },
          grant_types_supported: strings,
          response_types_supported: strings,
          token_endpoint_auth_methods_supported: strings,
          token_endpoint_auth_signing_alg_values_supported: strings,
          service_documentation: { type: 'string', format: 'uri' },
        },
        additionalProperties: true,
      },
      example: {
        issuer: 'https://auth.example.com',
        token_endpoint: 'https://auth.example.com/api/v1/auth/token',
        jwks_uri: 'https://auth.example.com/.well-known/jwks.json',
        grant_types_supported: ['client_credentials', 'refresh_token'],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: [
          'client_secret_basic',
          'client_secret_post',
          'private_key_jwt',
        ],
        token_endpoint_auth_signing_alg_values_supported: ['ES256', 'Ed25519', 'EdDSA', 'RS256'],
      },
    },
  },
  errors: [500, 503],
};

export const KEYS_SCHEMA: RouteSchema = {
  tag: 'Machines',
  summary: 'Show the public keys that tokens are signed with',
  description:
    'JSON Web Key Set (RFC 7517): the active key, the next one, and retired ones with live tokens.',
  response: {
    200: {
      name: 'JsonWebKeySet',
      description: 'The key set.',
      schema: {
        type: 'object',
        required: ['keys'],
        properties: {
          keys: {
            type: 'array',
            items: {
              type: 'object',
              required: ['kty', 'kid', 'use', 'alg'],
              properties: {
                kty: { type: 'string' },
                kid: { type: 'string' },
                use: { type: 'string' },
                alg: { type: 'string' },
                key_ops: strings,
              },
              additionalProperties: true,
            },
          },
        },
      },
      example: {
        keys: [
          {
            kty: 'EC',
            crv: 'P-256',
            x: '…',
            y: '…',
            kid: '…',
            use: 'sig',
            alg: 'ES256',
            key_ops: ['verify'],
          },
        ],
      },
    },
  },
  errors: [500, 503],
};

export const KEYS_OF_PEOPLE_SCHEMA: RouteSchema = {
  ...KEYS_SCHEMA,
  tag: 'People',
  summary: 'Show the public keys that the access tokens of people are signed with',
  description: 'JSON Web Key Set (RFC 7517), at the place where Supabase Auth has its own.',
};
