import type { ClientChange, ClientDetails, NewClientInput } from '#oauth';
import type { Client, ClientColumn, JsonWebKeySet } from '#storage';
import type { Endpoint } from '../route.ts';
import * as schemas from './client-schema.ts';
import { type AdminRequest, adminEndpoint } from './endpoint.ts';
import { ifMatch, tagged } from './entity-tag.ts';
import { listParameters, readPage } from './list-query.ts';
import * as parts from './schema-parts.ts';

const COLUMNS: readonly ClientColumn[] = ['created_at', 'client_name'];
const parameters = { client_id: { ...parts.uuid, description: 'Of the client.' } };

export const CREATE_CLIENT = adminEndpoint(
  {
    summary: 'Create a client',
    description: 'Its secret is shown this once. It may hold no more than who creates it.',
    body: parts.json(schemas.NEW_CLIENT_BODY, schemas.CLIENT_EXAMPLE),
    response: { 201: schemas.NEW_CLIENT },
    errors: parts.ERRORS_OF_WRITING,
  },
  async ({ rooms, by, request, reply }) => {
    const { client_name: name, ...rest } = request.body as ClientBody & { client_name: string };
    const { secret, ...created } = await rooms.oauth.clients.create(by, { name, ...inputOf(rest) });
    reply.code(201);
    // What a later If-Match is compared with does not hold the secret.
    const body = tagged(reply, detailsBody(created));
    return { ...body, client_secret: secret };
  },
);

export const LIST_CLIENTS = adminEndpoint(
  {
    summary: 'List clients',
    description: 'Newest first where no other order is asked for; `q` looks into name and description.',
    query: listParameters(COLUMNS),
    response: { 200: schemas.CLIENT_LIST },
    errors: parts.ERRORS_OF_READING,
  },
  async ({ rooms, request }) => {
    const { items, count } = await rooms.oauth.clients.list(readPage(request.query, COLUMNS));
    return { clients: items.map((client) => clientBody(client, client.roles)), count };
  },
);

export const SHOW_CLIENT = adminEndpoint(
  {
    summary: 'Show a client',
    description: 'The ETag is for `If-Match`.',
    parameters,
    response: { 200: schemas.CLIENT },
    errors: [...parts.ERRORS_OF_READING, 'not_found'],
  },
  async ({ rooms, params, reply }) =>
    tagged(reply, detailsBody(await rooms.oauth.clients.show(params.client_id ?? ''))),
);

export const UPDATE_CLIENT: Endpoint = adminEndpoint(
  {
    summary: 'Change a client',
    description: parts.IF_MATCH,
    parameters,
    body: parts.json(schemas.CLIENT_CHANGE_BODY, { is_active: false }),
    response: { 200: schemas.CLIENT },
    errors: [...parts.ERRORS_OF_WRITING, 'invalid_request', 'not_found', 'precondition_failed'],
  },
  async ({ rooms, by, request, reply, params }) => {
    const change = inputOf(request.body as ClientBody);
    const condition = ifMatch(request, detailsBody);
    const updated = await rooms.oauth.clients.update(by, params.client_id ?? '', change, condition);
    return tagged(reply, detailsBody(updated));
  },
);

export const DELETE_CLIENT = adminEndpoint(
  {
    summary: 'Delete a client',
    description: 'It gets no more tokens.',
    parameters,
    response: { 200: parts.MESSAGE },
    errors: [...parts.ERRORS_OF_WRITING, 'not_found'],
  },
  async ({ rooms, by, params }: AdminRequest) => {
    await rooms.oauth.clients.delete(by, params.client_id ?? '');
    return { message: 'The client was deleted.' };
  },
);

interface ClientBody {
  readonly client_name?: string;
  readonly description?: string | null;
  readonly allowed_callback_urls?: string[];
  readonly assigned_roles?: string[];
  readonly is_active?: boolean;
  readonly token_endpoint_auth_method?: string | null;
  readonly allowed_resources?: string[];
  readonly token_lifetime_seconds?: number | null;
  readonly rate_limit?: string | null;
  readonly refresh_tokens?: boolean;
  readonly jwks?: JsonWebKeySet | null;
  readonly jwks_uri?: string | null;
}

/** What was given, in the words of the room; values are judged there. */
function inputOf(body: ClientBody): ClientChange {
  const change = {
    name: body.client_name,
    description: body.description,
    allowedCallbackUrls: body.allowed_callback_urls,
    roles: body.assigned_roles,
    isActive: body.is_active,
    tokenEndpointAuthMethod: body.token_endpoint_auth_method as NewClientInput['tokenEndpointAuthMethod'],
    allowedResources: body.allowed_resources,
    tokenLifetimeSeconds: body.token_lifetime_seconds,
    rateLimit: body.rate_limit,
    refreshTokens: body.refresh_tokens,
    jwks: body.jwks,
    jwksUri: body.jwks_uri,
  };
  return Object.fromEntries(
    Object.entries(change).filter(([, value]) => value !== undefined),
  ) as ClientChange;
}

function detailsBody({ client, roles, permissions }: ClientDetails) {
  return { ...clientBody(client, roles), permissions };
}

function clientBody(client: Client, roles: readonly string[]) {
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
    assigned_roles: roles,
    created_at: client.createdAt.toISOString(),
    updated_at: client.updatedAt.toISOString(),
  };
}
