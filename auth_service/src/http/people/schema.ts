import type { JsonSchema, RouteSchema } from '../openapi/route-schema.ts';
import {
  DEVICES_ANSWER,
  MESSAGE_ANSWER,
  PROFILE_ANSWER,
  REGISTERED_ANSWER,
  SESSION_ANSWER,
} from './answers.ts';
import { LOGIN_BODY, LOGOUT_BODY, NAMES_BODY, PASSWORD_BODY, REFRESH_BODY, REGISTER_BODY } from './bodies.ts';

const json = (schema: JsonSchema, example: unknown): NonNullable<RouteSchema['body']> => ({
  'application/json': { schema, examples: { example: { value: example } } },
});
const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
const signedIn = ['userToken'];
const tag = 'People';

const OF_BODY = ['malformed_body', 'body_too_large', 'unsupported_media_type', 'validation_failed'] as const;
const OF_TOKEN = ['no_authorization', 'invalid_token'] as const;
const OF_SERVICE = ['internal', 'starting', 'public_url_missing', 'database_unavailable'] as const;
/** Where accounts are kept elsewhere, and their keeper has to be asked. */
const OF_KEEPER = [
  'identity_unavailable',
  'identity_misconfigured',
  'identity_refused',
  'rate_limited',
] as const;
/** Where a password is hashed, which is limited. */
const OF_PASSWORD = [...OF_BODY, ...OF_KEEPER, ...OF_SERVICE, 'overloaded'] as const;

export const REGISTER: RouteSchema = {
  tag,
  summary: 'Register a person',
  description:
    'Where e-mails must be confirmed, a known e-mail is answered exactly as a new one. A username that is taken is 409.',
  body: json(REGISTER_BODY, { ...credentials, username: 'ada' }),
  response: { 201: REGISTERED_ANSWER },
  errors: [...OF_PASSWORD, 'weak_password', 'username_taken', 'email_exists', 'registration_disabled'],
};
export const LOGIN: RouteSchema = {
  tag,
  summary: 'Log in with a password',
  description: 'An unknown e-mail and a wrong password are the same 401.',
  body: json(LOGIN_BODY, credentials),
  response: { 200: SESSION_ANSWER },
  errors: [...OF_PASSWORD, 'invalid_credentials', 'email_not_confirmed'],
};
export const REFRESH: RouteSchema = {
  tag,
  summary: 'Refresh a session',
  description: 'A refresh token is good once. An old one, used after the new one was, ends the session.',
  body: json(REFRESH_BODY, { refresh_token: 'AAGX…' }),
  response: { 200: SESSION_ANSWER },
  errors: [...OF_BODY, 'refresh_token_not_found', 'refresh_token_already_used', ...OF_KEEPER, ...OF_SERVICE],
};
export const LOGOUT: RouteSchema = {
  tag,
  summary: 'Log out',
  description: 'This session (`local`, the default), all (`global`), or all but this one (`others`).',
  body: json(LOGOUT_BODY, { scope: 'local' }),
  response: { 200: MESSAGE_ANSWER },
  errors: [...OF_BODY, ...OF_TOKEN, ...OF_KEEPER, ...OF_SERVICE],
  security: signedIn,
};
export const PASSWORD: RouteSchema = {
  tag,
  summary: 'Change the password',
  description:
    'Needs `current_password`, or a session that began with a mailed proof in the last 10 minutes. Other sessions end.',
  body: json(PASSWORD_BODY, {
    new_password: 'a better horse battery',
    current_password: credentials.password,
  }),
  response: { 200: MESSAGE_ANSWER },
  errors: [
    ...OF_PASSWORD,
    ...OF_TOKEN,
    'reauthentication_needed',
    'current_password_invalid',
    'weak_password',
    'same_password',
    'insufficient_aal',
  ],
  security: signedIn,
};
export const SHOW_ME: RouteSchema = {
  tag,
  summary: 'Show the own profile',
  description: 'With roles and permissions as they are now.',
  response: { 200: PROFILE_ANSWER },
  errors: [...OF_TOKEN, 'not_found', ...OF_SERVICE],
  security: signedIn,
};
export const UPDATE_ME: RouteSchema = {
  tag,
  summary: 'Change the own names',
  description: 'What is left out stays; null empties it.',
  body: json(NAMES_BODY, { first_name: 'Ada' }),
  response: { 200: PROFILE_ANSWER },
  errors: [...OF_BODY, ...OF_TOKEN, 'not_found', 'username_taken', ...OF_SERVICE],
  security: signedIn,
};
export const DELETE_ME: RouteSchema = {
  tag,
  summary: 'Delete the own account',
  description: 'Needs a login of the last 10 minutes. Sessions, profile and roles go with it.',
  response: { 200: MESSAGE_ANSWER },
  errors: [...OF_TOKEN, 'reauthentication_needed', 'last_administrator', ...OF_KEEPER, ...OF_SERVICE],
  security: signedIn,
};
export const LIST_SESSIONS: RouteSchema = {
  tag,
  summary: 'List the own sessions',
  description:
    'The devices that are logged in. 501 where Supabase keeps the accounts and this service may not read its log-ins.',
  response: { 200: DEVICES_ANSWER },
  errors: [...OF_TOKEN, 'sessions_not_readable', ...OF_SERVICE],
  security: signedIn,
};
export const END_SESSION: RouteSchema = {
  tag,
  summary: 'End one of the own sessions',
  description: 'Its tokens stop working here at once.',
  parameters: {
    session_id: { type: 'string', format: 'uuid', description: 'As in the list of sessions.' },
  },
  response: { 200: MESSAGE_ANSWER },
  errors: [...OF_TOKEN, 'not_found', 'sessions_not_readable', ...OF_SERVICE],
  security: signedIn,
};
