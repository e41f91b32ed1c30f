import type { ResponseSchema } from '../openapi/route-schema.ts';
import * as parts from './schema-parts.ts';

const EXAMPLE_CLIENT_ID = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a10';
const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];

const JWKS = {
  description: 'Public keys (RFC 7517): EC P-256, Ed25519 or RSA. Not beside `jwks_uri`.',
  type: ['object', 'null'],
  required: ['keys'],
  properties: { keys: { type: 'array', items: { type: 'object' } } },
} as const;
const LIST = { type: 'array', items: parts.text, maxItems: 100 } as const;

const COLUMNS = {
  client_name: {
    ...parts.text,
    description:
      '3 to 100 characters, none of them invisible. For people: others may have the same, and only `client_id` tells clients apart.',
  },
  description: { ...parts.nullableText, description: 'Up to 500 characters, none of them invisible.' },
  allowed_callback_urls: LIST,
  assigned_roles: { ...LIST, description: 'Names: all that the client is to hold.' },
  is_active: { type: 'boolean' },
  token_endpoint_auth_method: {
    ...parts.nullableText,
    description: `${METHODS.join(', ')}; null: any that it has a credential for.`,
  },
  allowed_resources: { ...LIST, description: 'What `resource` may ask for, beside this service (RFC 8707).' },
  token_lifetime_seconds: {
    type: ['integer', 'null'],
    description: '1 to 86400; null: as the service is set.',
  },
  rate_limit: {
    ...parts.nullableText,
    description:
      'Tokens a time, such as `600/minute` (second, minute, hour, day), or `off`; null: as the service is set.',
  },
  refresh_tokens: { type: 'boolean', description: 'Whether its tokens come with refresh tokens.' },
  jwks: JWKS,
  jwks_uri: { ...parts.nullableText, description: 'Where its keys are: https, on a public address.' },
} as const;

export const NEW_CLIENT_BODY = parts.body(COLUMNS, ['client_name']);
export const CLIENT_CHANGE_BODY = parts.body(COLUMNS, []);
export const NEW_SECRET_BODY = parts.body(
  {
    expires_previous_in: {
      type: 'integer',
      description: 'Seconds after which the secret before this one ends, 0 to 7776000. Left out: it stays.',
    },
  } as const,
  [],
);

export const CLIENT_EXAMPLE = {
  client_name: 'Orders worker',
  assigned_roles: ['orders-reader'],
  allowed_resources: ['https://orders.example.com'],
};

const CLIENT_PROPERTIES = {
  client_id: parts.uuid,
  client_name: { type: 'string' },
  description: parts.textOrNull,
  is_active: { type: 'boolean' },
  allowed_callback_urls: parts.strings,
  allowed_resources: parts.strings,
  token_endpoint_auth_method: parts.textOrNull,
  token_lifetime_seconds: { type: ['integer', 'null'] },
  rate_limit: parts.textOrNull,
  refresh_tokens: { type: 'boolean' },
  jwks: { type: ['object', 'null'], additionalProperties: true },
  jwks_uri: parts.textOrNull,
  assigned_roles: parts.strings,
  created_at: parts.time,
  updated_at: parts.time,
} as const;

const exampleClient = {
  client_id: EXAMPLE_CLIENT_ID,
  client_name: 'Orders worker',
  description: null,
  is_active: true,
  allowed_callback_urls: [],
  allowed_resources: ['https://orders.example.com'],
  token_endpoint_auth_method: null,
  token_lifetime_seconds: null,
  rate_limit: null,
  refresh_tokens: false,
  jwks: null,
  jwks_uri: null,
  assigned_roles: ['orders-reader'],
  created_at: parts.EXAMPLE_TIME,
  updated_at: parts.EXAMPLE_TIME,
};

const CLIENT_IN_LIST: ResponseSchema = {
  name: 'ClientInList',
  description: 'A client.',
  schema: { type: 'object', required: Object.keys(CLIENT_PROPERTIES), properties: CLIENT_PROPERTIES },
  example: exampleClient,
};
export const CLIENT_LIST = parts.listOf('ClientList', CLIENT_IN_LIST, 'clients');

const permissions = { ...parts.strings, description: 'All that come with its roles.' } as const;
export const CLIENT: ResponseSchema = {
  name: 'Client',
  description: 'A client with what it may do.',
  schema: {
    type: 'object',
    required: [...Object.keys(CLIENT_PROPERTIES), 'permissions'],
    properties: { ...CLIENT_PROPERTIES, permissions },
  },
  example: { ...exampleClient, permissions: ['orders:read'] },
};

const client_secret = {
  type: ['string', 'null'],
  description: 'Shown this once. Null with private_key_jwt.',
};
export const NEW_CLIENT: ResponseSchema = {
  name: 'NewClient',
  description: 'The client, and its secret this once.',
  schema: {
    type: 'object',
    required: [...Object.keys(CLIENT_PROPERTIES), 'permissions', 'client_secret'],
    properties: { ...CLIENT_PROPERTIES, permissions, client_secret },
  },
  example: { ...exampleClient, permissions: ['orders:read'], client_secret: 'pas_…' },
};

const SECRET_PROPERTIES = {
  id: parts.uuid,
  hint: { type: 'string', description: 'Its last characters; empty where only a hash moved here.' },
  algorithm: { type: 'string', enum: ['sha256', 'bcrypt'] },
  created_at: parts.time,
  expires_at: parts.timeOrNull,
  last_used_at: { ...parts.timeOrNull, description: 'To the minute.' },
  safe_to_remove: {
    type: 'boolean',
    description: 'It has expired, or it has been quiet for long while the other one was used.',
  },
} as const;
const exampleSecret = {
  id: parts.EXAMPLE_ID,
  hint: 'x7Qk',
  algorithm: 'sha256',
  created_at: parts.EXAMPLE_TIME,
  expires_at: null,
  last_used_at: null,
  safe_to_remove: false,
};

const SECRET: ResponseSchema = {
  name: 'ClientSecret',
  description: 'A secret, without the secret.',
  schema: { type: 'object', required: Object.keys(SECRET_PROPERTIES), properties: SECRET_PROPERTIES },
  example: exampleSecret,
};
export const SECRET_LIST = parts.listOf('ClientSecretList', SECRET);

export const NEW_SECRET: ResponseSchema = {
  name: 'NewClientSecret',
  description: 'The new secret, this once.',
  schema: {
    type: 'object',
    required: [...Object.keys(SECRET_PROPERTIES), 'client_id', 'client_secret'],
    properties: { client_id: parts.uuid, ...SECRET_PROPERTIES, client_secret: { type: 'string' } },
  },
  example: { client_id: EXAMPLE_CLIENT_ID, ...exampleSecret, client_secret: 'pas_…' },
};
