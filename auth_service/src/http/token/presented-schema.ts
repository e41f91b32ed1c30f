import type { ResponseSchema, RouteSchema } from '../openapi/route-schema.ts';
import { TOKEN_PARAMETERS } from './schema.ts';

const { client_id, client_secret, client_assertion, client_assertion_type } = TOKEN_PARAMETERS;

/** What both endpoints read; anything else is ignored. */
export const PRESENTED_PARAMETERS = {
  token: { type: 'string', description: 'The token; in the body alone.' },
  token_type_hint: { type: 'string', description: 'Of no consequence: the token says what it is.' },
  client_id,
  client_secret,
  client_assertion,
  client_assertion_type,
} as const;

const REQUEST = { type: 'object', required: ['token'], properties: PRESENTED_PARAMETERS } as const;
const body: NonNullable<RouteSchema['body']> = {
  'application/x-www-form-urlencoded': {
    schema: REQUEST,
    examples: { token: { summary: 'An access token', value: { token: 'eyJ…' } } },
  },
  'application/json': {
    schema: REQUEST,
    examples: { token: { summary: 'A refresh token', value: { token: 'par_…' } } },
  },
};

const names = { type: 'array', items: { type: 'string' } } as const;
const INTROSPECTION: ResponseSchema = {
  name: 'Introspection',
  description: 'What the token is good for at this moment (RFC 7662 §2.2).',
  schema: {
    type: 'object',
    required: ['active'],
    properties: {
      active: { type: 'boolean' },
      scope: { type: 'string' },
      client_id: { type: 'string' },
      username: { type: 'string', description: 'Of a person: the e-mail.' },
      token_type: { type: 'string' },
      exp: { type: 'integer' },
      iat: { type: 'integer' },
      sub: { type: 'string' },
      aud: { anyOf: [{ type: 'string' }, names] },
      iss: { type: 'string' },
      jti: { type: 'string' },
      client_name: { type: 'string' },
      client_type: { type: 'string' },
      session_id: { type: 'string' },
      aal: { type: 'string' },
      roles: { ...names, description: 'Of those in the token, the ones that are held now.' },
      permissions: names,
    },
  },
  example: {
    active: true,
    scope: 'orders:read',
    client_id: '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a10',
    token_type: 'Bearer',
    exp: 1_800_000_900,
    iat: 1_800_000_000,
    roles: ['orders-reader'],
    permissions: ['orders:read'],
  },
};

const ERRORS = [400, 401, 413, 415, 429, 500, 503] as const;
const security = ['clientSecretBasic'];

export const INTROSPECT_SCHEMA: RouteSchema = {
  tag: 'Machines',
  summary: 'Ask about a token',
  description:
    'RFC 7662. A client sees its own tokens, with `tokens:introspect` all, of people too; any other is `{"active": false}`.',
  security,
  body,
  response: { 200: INTROSPECTION },
  errors: ERRORS,
};

export const REVOKE_SCHEMA: RouteSchema = {
  tag: 'Machines',
  summary: 'Revoke a token',
  description:
    'RFC 7009. Its own tokens, or any with `tokens:revoke`. A refresh token takes the access tokens that came with it along. One that is not good any more is 200 as well.',
  security,
  body,
  response: {
    200: {
      name: 'Revoked',
      description: 'It is not good any more.',
      schema: { type: 'object' },
      example: {},
    },
  },
  errors: ['unauthorized_client', ...ERRORS],
};
