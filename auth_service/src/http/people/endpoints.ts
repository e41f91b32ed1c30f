import type { FastifyRequest, RouteHandlerMethod } from 'fastify';
import { ServiceError } from '#errors';
import type { Device, PersonProfile, UserSession } from '#identity';
import { bearerOf } from '../authenticate.ts';
import type { PeopleDependencies } from '../dependencies.ts';
import type { RouteSchema } from '../openapi/route-schema.ts';
import type { Endpoint } from '../route.ts';
import type { ProfileAnswer } from './answers.ts';
import type { LoginBody, LogoutBody, NamesBody, PasswordBody, RefreshBody, RegisterBody } from './bodies.ts';
import * as schemas from './schema.ts';

const NEVER_STORED = { 'cache-control': 'no-store' };

type Handle = (dependencies: PeopleDependencies) => RouteHandlerMethod;

export const REGISTER = endpoint(schemas.REGISTER, ({ people, limits }) => async (request, reply) => {
  const body = request.body as RegisterBody;
  await limits.register.count(request.record.clientIp, body.email);
  const { session, profile } = await people.register(
    {
      email: body.email,
      password: body.password,
      username: body.username,
      firstName: body.first_name,
      lastName: body.last_name,
    },
    deviceOf(request),
  );
  if (session !== null) request.record.userId = session.user.id;
  reply.code(201).headers(NEVER_STORED);
  const message = session === null ? 'Look into your mail to confirm the address.' : 'Welcome.';
  return { message, session, profile: profile === null ? null : profileAnswer(profile) };
});

export const LOGIN = endpoint(schemas.LOGIN, ({ people, limits }) => async (request, reply) => {
  const { email, password } = request.body as LoginBody;
  const session = await limits.login.countFailures(request.record.clientIp, email, () =>
    people.login({ email, password }, deviceOf(request)),
  );
  reply.headers(NEVER_STORED);
  return sessionAnswer(request, session);
});

export const REFRESH = endpoint(schemas.REFRESH, ({ people }) => async (request, reply) => {
  const { refresh_token } = request.body as RefreshBody;
  reply.headers(NEVER_STORED);
  return sessionAnswer(request, await people.refresh(refresh_token, deviceOf(request)));
});

export const LOGOUT = endpoint(schemas.LOGOUT, ({ people }) => async (request, reply) => {
  const { scope = 'local' } = request.body as LogoutBody;
  await people.logout(bearerOf(request), scope);
  reply.headers(NEVER_STORED);
  return { message: 'Logged out.' };
});

export const PASSWORD = endpoint(schemas.PASSWORD, ({ people, limits }) => async (request, reply) => {
  const { new_password, current_password } = request.body as PasswordBody;
  const bearer = bearerOf(request);
  await limits.login.countFailures(request.record.clientIp, bearer.principal.email, () =>
    people.updatePassword(bearer, { newPassword: new_password, currentPassword: current_password }),
  );
  reply.headers(NEVER_STORED);
  return { message: 'The password was changed. Other sessions have ended.' };
});

export const SHOW_ME = endpoint(schemas.SHOW_ME, ({ people }) => async (request, reply) => {
  reply.headers(NEVER_STORED);
  return profileAnswer(await people.profile(bearerOf(request).principal));
});

export const UPDATE_ME = endpoint(schemas.UPDATE_ME, ({ people }) => async (request, reply) => {
  const { username, first_name, last_name } = request.body as NamesBody;
  const names = { username, firstName: first_name, lastName: last_name };
  reply.headers(NEVER_STORED);
  return profileAnswer(await people.updateProfile(bearerOf(request).principal, names));
});

export const DELETE_ME = endpoint(schemas.DELETE_ME, ({ people }) => async (request, reply) => {
  await people.deleteAccount(bearerOf(request));
  reply.headers(NEVER_STORED);
  return { message: 'The account was deleted.' };
});

export const LIST_SESSIONS = endpoint(schemas.LIST_SESSIONS, ({ people }) => async (request, reply) => {
  const sessions = await people.sessions(bearerOf(request));
  reply.headers(NEVER_STORED);
  const items = sessions.map(({ id, createdAt, lastSeenAt, ip, userAgent, aal, current }) => ({
    id,
    created_at: createdAt.toISOString(),
    last_seen_at: lastSeenAt.toISOString(),
    ip,
    user_agent: userAgent,
    aal,
    current,
  }));
  return { items, count: items.length };
});

export const END_SESSION = endpoint(schemas.END_SESSION, ({ people }) => async (request, reply) => {
  const { session_id } = request.params as { session_id: string };
  await people.endSession(bearerOf(request), session_id);
  reply.headers(NEVER_STORED);
  return { message: 'The session has ended.' };
});

function endpoint(schema: RouteSchema, handle: Handle): Endpoint {
  return {
    schema,
    waits: true,
    takesJson: schema.body !== undefined,
    handle({ people }) {
      if (people === null) throw new TypeError('a route for people needs an identity');
      if (people.issuers === null) return refuseWithoutPublicUrl;
      return handle(people);
    },
  };
}

/** Before anything is done: a session whose tokens nobody can be given must not begin. */
async function refuseWithoutPublicUrl(): Promise<never> {
  throw new ServiceError('public_url_missing');
}

function deviceOf(request: FastifyRequest): Device {
  return { ip: request.record.clientIp, userAgent: request.headers['user-agent'] ?? null };
}

function sessionAnswer(request: FastifyRequest, session: UserSession): UserSession {
  request.record.userId = session.user.id;
  return session;
}

function profileAnswer(profile: PersonProfile): ProfileAnswer {
  return {
    user_id: profile.userId,
    email: profile.email,
    username: profile.username,
    first_name: profile.firstName,
    last_name: profile.lastName,
    is_active: profile.isActive,
    roles: [...profile.roles],
    permissions: [...profile.permissions],
    created_at: profile.createdAt.toISOString(),
    updated_at: profile.updatedAt.toISOString(),
  };
}
