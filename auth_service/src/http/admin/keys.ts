import type { SigningKeySummary } from '#keys';
import type { ResponseSchema } from '../openapi/route-schema.ts';
import { adminEndpoint } from './endpoint.ts';
import { PAGE_PARAMETERS, pageOf, readPage } from './list-query.ts';
import * as parts from './schema-parts.ts';

const KEY: ResponseSchema = {
  name: 'SigningKey',
  description: 'A signing key, without the key.',
  schema: {
    type: 'object',
    required: [
      'kid',
      'signs_for',
      'algorithm',
      'state',
      'created_at',
      'activated_at',
      'retired_at',
      'expires_at',
    ],
    properties: {
      kid: { type: 'string' },
      signs_for: { type: 'string', enum: ['machines', 'people'] },
      algorithm: { type: 'string', enum: ['ES256', 'EdDSA', 'RS256'] },
      state: { type: 'string', enum: ['next', 'active', 'retired'] },
      created_at: parts.time,
      activated_at: parts.timeOrNull,
      retired_at: parts.timeOrNull,
      expires_at: { ...parts.timeOrNull, description: 'From then on no token signed with it is valid.' },
    },
  },
  example: {
    kid: 'x1Q0…',
    signs_for: 'machines',
    algorithm: 'ES256',
    state: 'active',
    created_at: parts.EXAMPLE_TIME,
    activated_at: parts.EXAMPLE_TIME,
    retired_at: null,
    expires_at: null,
  },
};

export const LIST_KEYS = adminEndpoint(
  {
    summary: 'List signing keys',
    description:
      'Those of machines, then those of people where accounts are kept here; active, next, retired.',
    query: PAGE_PARAMETERS,
    response: { 200: parts.listOf('SigningKeyList', KEY) },
    errors: parts.ERRORS_OF_READING,
  },
  async ({ rooms, request }) => {
    const items = [
      ...rooms.keys.list().map((key) => keyBody(key, 'machines')),
      ...(rooms.people?.keys?.list() ?? []).map((key) => keyBody(key, 'people')),
    ];
    return pageOf(items, readPage(request.query));
  },
);

function keyBody(key: SigningKeySummary, signsFor: 'machines' | 'people') {
  return {
    kid: key.kid,
    signs_for: signsFor,
    algorithm: key.algorithm,
    state: key.state,
    created_at: key.createdAt.toISOString(),
    activated_at: key.activatedAt?.toISOString() ?? null,
    retired_at: key.retiredAt?.toISOString() ?? null,
    expires_at: key.expiresAt?.toISOString() ?? null,
  };
}
