import type { XStatic } from 'typebox/schema';
import type { RouteSchema } from '../openapi/route-schema.ts';

const CLIENT_ID = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a10';

/** What the endpoint reads; anything else is ignored (RFC 6749 §3.2). */
export const TOKEN_PARAMETERS = {
  grant_type: {
    type: 'string',
    enum: ['client_credentials', 'refresh_token'],
    description: 'RFC 6749 §4.4 and §6.',
  },
  refresh_token: {
    type: 'string',
    description:
      'With grant_type `refresh_token`, for clients that have refresh tokens switched on. Good once: the answer holds the next one, and using one twice ends them all.',
  },
  scope: {
    type: 'string',
    description:
      'Permissions separated by spaces, a subset of those the client holds and, with a refresh token, of those it stands for. The token then carries these and no role.',
  },
  resource: {
    description: 'Absolute URI of the service that the token is for (RFC 8707); may be repeated.',
    anyOf: [
      { type: 'string', format: 'uri' },
      { type: 'array', items: { type: 'string', format: 'uri' } },
    ],
  },
  client_id: {
    type: 'string',
    format: 'uuid',
    description: 'Needed beside `client_secret` only.',
  },
  client_secret: { type: 'string', format: 'password', description: 'Only without an Authorization header.' },
  client_assertion: {
    type: 'string',
    description:
      'A JWT signed with a key of the client (RFC 7523 §3), in place of a secret: `iss` and `sub` are the client id, `aud` is the issuer of the metadata and nothing else, `exp` at most 5 minutes ahead, `jti` never used before.',
  },
  client_assertion_type: {
    type: 'string',
    enum: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
    description: 'Beside `client_assertion`.',
  },
} as const;

const REQUEST = { type: 'object', required: ['grant_type'], properties: TOKEN_PARAMETERS } as const;

const TOKEN_RESPONSE = {
  type: 'object',
  required: ['access_token', 'token_type', 'expires_in', 'scope'],
  properties: {
    access_token: { type: 'string', description: 'A JWT with `typ` `at+jwt`.' },
    token_type: { type: 'string', enum: ['Bearer'] },
    expires_in: { type: 'integer', description: 'Seconds.' },
    scope: {
      type: 'string',
      description: 'What the token carries: permissions, sorted, separated by spaces.',
    },
    refresh_token: {
      type: 'string',
      description: 'Only for clients that have refresh tokens switched on; keep it as a secret.',
    },
  },
} as const;

export type TokenAnswer = XStatic<typeof TOKEN_RESPONSE>;

export const TOKEN_SCHEMA: RouteSchema = {
  tag: 'Machines',
  summary: 'Issue an access token to a client',
  description:
    'The token endpoint (RFC 6749 §3.2). Clients authenticate with HTTP Basic, with `client_id` and `client_secret` in the body, or with `client_assertion` (`private_key_jwt`); never with two of them and never in the URL.',
  security: ['clientSecretBasic'],
  body: {
    'application/x-www-form-urlencoded': {
      schema: REQUEST,
      examples: {
        all: { summary: 'Everything the client holds', value: { grant_type: 'client_credentials' } },
        narrowed: {
          summary: 'A narrowed token, credentials in the body',
          value: {
            grant_type: 'client_credentials',
            scope: 'orders:read',
            client_id: CLIENT_ID,
            client_secret: 'pas_…',
          },
        },
        refreshed: {
          summary: 'The next token, by a key of the client',
          value: {
            grant_type: 'refresh_token',
            refresh_token: 'par_…',
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: 'eyJ…',
          },
        },
      },
    },
    'application/json': {
      schema: REQUEST,
      examples: {
        resources: {
          summary: 'For two services',
          value: {
            grant_type: 'client_credentials',
            resource: ['https://orders.example.com', 'https://stock.example.com'],
          },
        },
      },
    },
  },
  response: {
    200: {
      name: 'TokenResponse',
      description: 'The token (RFC 6749 §5.1).',
      schema: TOKEN_RESPONSE,
      example: {
        access_token: 'eyJ…',
        token_type: 'Bearer',
        expires_in: 900,
        scope: 'orders:read orders:write',
      },
    },
  },
  errors: [400, 'unauthorized_client', 'invalid_grant', 401, 413, 415, 429, 500, 503],
};
