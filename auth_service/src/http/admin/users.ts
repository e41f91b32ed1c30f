import type { FastifyReply } from 'fastify';
import type { PersonSession, UserAdministration, UserChange } from '#identity';
import type { DirectoryEntry, PersonColumn } from '#storage';
import type { Dependencies } from '../dependencies.ts';
import { adminEndpoint } from './endpoint.ts';
import { ifMatch, tagged } from './entity-tag.ts';
import { listParameters, PAGE_PARAMETERS, readPage } from './list-query.ts';
import * as parts from './schema-parts.ts';
import * as schemas from './user-schema.ts';

const COLUMNS: readonly PersonColumn[] = ['created_at', 'email'];
const parameters = schemas.OF_USER;
const OF_INPUT = ['weak_password', 'username_taken', 'email_exists', 'overloaded'] as const;
/** Where accounts are kept elsewhere, and their keeper has to be asked. */
const OF_KEEPER = ['identity_unavailable', 'identity_misconfigured', 'identity_refused'] as const;
const SESSIONS_END = 'Their sessions end.';

export const CREATE = adminEndpoint(
  {
    summary: 'Create a user',
    description: 'With the role of newcomers. The actor must hold all that the user is to hold.',
    body: parts.json(schemas.NEW_USER_BODY, { email: 'ada@example.com', assigned_roles: ['orders-reader'] }),
    response: { 201: schemas.USER },
    errors: [...parts.ERRORS_OF_WRITING, ...OF_INPUT, ...OF_KEEPER],
  },
  async ({ rooms, by, request, reply }) => {
    const body = request.body as schemas.NewUserBody;
    const input = { ...changeIn(body), email: body.email, roles: body.assigned_roles };
    const made = await usersOf(rooms).create(by, input);
    reply.code(201);
    return served(reply, made);
  },
);

export const LIST = adminEndpoint(
  {
    summary: 'List users',
    description:
      'Newest first where no other order is asked for. `q` looks into e-mail and names; one without three letters or digits in a row is looked for at the beginning of e-mail and username.',
    query: listParameters(COLUMNS),
    response: { 200: parts.listOf('ManagedUserList', schemas.USER) },
    errors: parts.ERRORS_OF_READING,
  },
  async ({ rooms, request }) => {
    const { items, count } = await usersOf(rooms).list(readPage(request.query, COLUMNS));
    return { items: items.map(userBody), count };
  },
);

export const SHOW = adminEndpoint(
  {
    summary: 'Show a user',
    description: 'The ETag is for `If-Match`.',
    parameters,
    response: { 200: schemas.USER },
    errors: [...parts.ERRORS_OF_READING, ...OF_KEEPER, 'not_found'],
  },
  async ({ rooms, params, reply }) => served(reply, await usersOf(rooms).find(idIn(params))),
);

export const UPDATE = adminEndpoint(
  {
    summary: 'Change a user',
    description: `${parts.IF_MATCH} A new password, deactivation and a confirmation that is taken back end all sessions. The actor must hold all that the user holds, and changes neither the own e-mail nor the own password here.`,
    parameters,
    body: parts.json(schemas.USER_CHANGE_BODY, { first_name: 'Ada', is_active: true }),
    response: { 200: schemas.USER },
    errors: [
      ...parts.ERRORS_OF_WRITING,
      ...OF_INPUT,
      ...OF_KEEPER,
      'invalid_request',
      'not_found',
      'own_credentials',
      'last_administrator',
      'precondition_failed',
    ],
  },
  async ({ rooms, by, request, reply, params }) => {
    const change = changeIn(request.body as schemas.UserChangeBody);
    const updated = await usersOf(rooms).update(by, idIn(params), change, ifMatch(request, lastingBody));
    return served(reply, updated);
  },
);

export const DELETE = adminEndpoint(
  {
    summary: 'Delete a user',
    description: 'Account, sessions, profile and roles.',
    parameters,
    response: { 200: parts.MESSAGE },
    errors: [...parts.ERRORS_OF_WRITING, ...OF_KEEPER, 'not_found', 'last_administrator'],
  },
  async ({ rooms, by, params }) => {
    await usersOf(rooms).delete(by, idIn(params));
    return { message: 'The user was deleted.' };
  },
);

export const BAN = adminEndpoint(
  {
    summary: 'Ban a user',
    description: `${SESSIONS_END} Another ban takes the place of the one before.`,
    parameters,
    body: parts.json(schemas.BAN_BODY, { ban_duration: '24h' }),
    response: { 200: schemas.USER },
    errors: [...parts.ERRORS_OF_WRITING, ...OF_KEEPER, 'not_found', 'last_administrator'],
  },
  async ({ rooms, by, request, reply, params }) => {
    const { ban_duration } = request.body as schemas.BanBody;
    return served(reply, await usersOf(rooms).ban(by, idIn(params), ban_duration));
  },
);

export const UNBAN = adminEndpoint(
  {
    summary: 'Lift the ban of a user',
    description: 'Nothing happens where there is none.',
    parameters,
    response: { 200: schemas.USER },
    errors: [...parts.ERRORS_OF_WRITING, ...OF_KEEPER, 'not_found'],
  },
  async ({ rooms, by, reply, params }) => served(reply, await usersOf(rooms).unban(by, idIn(params))),
);

export const LOG_OUT = adminEndpoint(
  {
    summary: 'Log a user out',
    description: `${SESSIONS_END} They may log in again.`,
    parameters,
    response: { 200: parts.MESSAGE },
    errors: [...parts.ERRORS_OF_WRITING, ...OF_KEEPER, 'not_found'],
  },
  async ({ rooms, by, params }) => {
    const { length } = await usersOf(rooms).logOut(by, idIn(params));
    return { message: length === 1 ? 'One session has ended.' : `${length} sessions have ended.` };
  },
);

export const LIST_SESSIONS = adminEndpoint(
  {
    summary: 'List the sessions of a user',
    description: 'The devices that are logged in, newest first.',
    parameters,
    query: PAGE_PARAMETERS,
    response: { 200: parts.listOf('SessionOfUserList', schemas.SESSION) },
    errors: [...parts.ERRORS_OF_READING, 'not_found', 'sessions_not_readable'],
  },
  async ({ rooms, request, params }) => {
    const { items, count } = await usersOf(rooms).sessions(idIn(params), readPage(request.query));
    return { items: items.map(sessionBody), count };
  },
);

export const LIST_PERMISSIONS = adminEndpoint(
  {
    summary: 'List what a user may do',
    description:
      'As tokens say it now, with the roles each permission comes from. Who is deactivated may do nothing.',
    parameters,
    response: { 200: parts.listOf('PermissionOfUserList', schemas.PERMISSION) },
    errors: [...parts.ERRORS_OF_READING, 'not_found'],
  },
  async ({ rooms, params }) => {
    const items = await usersOf(rooms).permissions(idIn(params));
    return { items, count: items.length };
  },
);

function usersOf({ people }: Dependencies): UserAdministration {
  if (people === null) throw new TypeError('a route for people needs an identity');
  return people.users;
}

function idIn(params: Readonly<Record<string, string>>): string {
  return params.user_id ?? '';
}

function changeIn(body: schemas.UserChangeBody): UserChange {
  const { email, password, username, first_name, last_name, is_active, email_confirmed } = body;
  return {
    ...{ email, password, username },
    firstName: first_name,
    lastName: last_name,
    isActive: is_active,
    isConfirmed: email_confirmed,
  };
}

/** That somebody logged in is no change that an administrator could overwrite. */
function served(reply: FastifyReply, user: DirectoryEntry) {
  tagged(reply, lastingBody(user));
  return userBody(user);
}

function lastingBody(user: DirectoryEntry) {
  const { last_sign_in_at: _, ...lasting } = userBody(user);
  return lasting;
}

function userBody(user: DirectoryEntry) {
  return {
    user_id: user.userId,
    email: user.email,
    username: user.username,
    first_name: user.firstName,
    last_name: user.lastName,
    is_active: user.isActive,
    email_confirmed_at: user.emailConfirmedAt?.toISOString() ?? null,
    banned_until: user.bannedUntil?.toISOString() ?? null,
    last_sign_in_at: user.lastSignInAt?.toISOString() ?? null,
    roles: user.roles,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}

function sessionBody(session: PersonSession) {
  return {
    id: session.id,
    created_at: session.createdAt.toISOString(),
    last_seen_at: session.lastSeenAt.toISOString(),
    ip: session.ip,
    user_agent: session.userAgent,
    aal: session.aal,
  };
}
