import type { ClientSecretSummary } from '#oauth';
import * as schemas from './client-schema.ts';
import { adminEndpoint } from './endpoint.ts';
import { FORCE, PAGE_PARAMETERS, pageOf, readForce, readPage } from './list-query.ts';
import * as parts from './schema-parts.ts';

const ofClient = { client_id: { ...parts.uuid, description: 'Of the client.' } };
const ofSecret = { ...ofClient, secret_id: { ...parts.uuid, description: 'As in the list of secrets.' } };

export const LIST_SECRETS = adminEndpoint(
  {
    summary: 'List the secrets of a client',
    description: 'Newest first, without the secrets: which are used, and which can go.',
    parameters: ofClient,
    query: PAGE_PARAMETERS,
    response: { 200: schemas.SECRET_LIST },
    errors: [...parts.ERRORS_OF_READING, 'not_found'],
  },
  async ({ rooms, request, params }) => {
    const page = readPage(request.query);
    // Two are live at most, and which can go is judged among all.
    const secrets = await rooms.oauth.clients.secrets(params.client_id ?? '');
    return pageOf(secrets.map(secretBody), page);
  },
);

export const CREATE_SECRET = adminEndpoint(
  {
    summary: 'Give a client another secret',
    description:
      'Two can be good at a time: give the new one to the client, then remove the old one when it is safe to remove, or let it end with `expires_previous_in`.',
    parameters: ofClient,
    body: parts.json(schemas.NEW_SECRET_BODY, { expires_previous_in: 86_400 }),
    response: { 201: schemas.NEW_SECRET },
    errors: [...parts.ERRORS_OF_WRITING, 'not_found', 'in_use'],
  },
  async ({ rooms, by, request, reply, params }) => {
    const { expires_previous_in: expiresPreviousInSeconds } = request.body as {
      expires_previous_in?: number;
    };
    const clientId = params.client_id ?? '';
    const made = await rooms.oauth.clients.addSecret(by, clientId, { expiresPreviousInSeconds });
    reply.code(201);
    return { client_id: clientId, ...secretBody(made), client_secret: made.text };
  },
);

export const DELETE_SECRET = adminEndpoint(
  {
    summary: 'Remove a secret of a client',
    description: 'At once. The only way in that the client has is 409, unless `force=true`.',
    parameters: ofSecret,
    query: FORCE,
    response: { 200: parts.MESSAGE },
    errors: [...parts.ERRORS_OF_WRITING, 'not_found', 'in_use'],
  },
  async ({ rooms, by, request, params }) => {
    const { client_id = '', secret_id = '' } = params;
    await rooms.oauth.clients.removeSecret(by, client_id, secret_id, { force: readForce(request.query) });
    return { message: 'The secret was removed.' };
  },
);

function secretBody(secret: ClientSecretSummary) {
  return {
    id: secret.id,
    hint: secret.hint,
    algorithm: secret.algorithm,
    created_at: secret.createdAt.toISOString(),
    expires_at: secret.expiresAt?.toISOString() ?? null,
    last_used_at: secret.lastUsedAt?.toISOString() ?? null,
    safe_to_remove: secret.isSafeToRemove,
  };
}
