import type { XStatic } from 'typebox/schema';
import type { ResponseSchema } from '../openapi/route-schema.ts';

const USER_ID = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a12';
const SESSION_ID = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a13';
const TIME = '2026-01-31T12:00:00.000Z';

const time = { type: 'string', format: 'date-time' } as const;
const anything = { type: 'object', additionalProperties: true } as const;
const textOrNull = { type: ['string', 'null'] } as const;
const strings = { type: 'array', items: { type: 'string' } } as const;

const USER = {
  type: 'object',
  required: ['id', 'aud', 'role', 'email', 'app_metadata', 'user_metadata', 'identities', 'created_at'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    aud: { type: 'string' },
    role: { type: 'string' },
    email: { type: 'string' },
    email_confirmed_at: time,
    phone: { type: 'string' },
    confirmed_at: time,
    last_sign_in_at: time,
    app_metadata: anything,
    user_metadata: anything,
    identities: { type: 'array', items: anything },
    created_at: time,
    updated_at: time,
    is_anonymous: { type: 'boolean' },
  },
  additionalProperties: true,
} as const;

const SESSION = {
  type: 'object',
  required: ['access_token', 'token_type', 'expires_in', 'expires_at', 'refresh_token', 'user'],
  properties: {
    access_token: { type: 'string', description: 'A JWT.' },
    token_type: { type: 'string', enum: ['bearer'] },
    expires_in: { type: 'integer', description: 'Seconds.' },
    expires_at: { type: 'integer', description: 'Unix time.' },
    refresh_token: { type: 'string', description: 'Good once; the answer brings the next one.' },
    user: USER,
  },
} as const;

const PROFILE = {
  type: 'object',
  required: [
    'user_id',
    'email',
    'username',
    'first_name',
    'last_name',
    'is_active',
    'roles',
    'permissions',
    'created_at',
    'updated_at',
  ],
  properties: {
    user_id: { type: 'string', format: 'uuid' },
    email: { type: 'string' },
    username: textOrNull,
    first_name: textOrNull,
    last_name: textOrNull,
    is_active: { type: 'boolean' },
    roles: strings,
    permissions: strings,
    created_at: time,
    updated_at: time,
  },
} as const;

const REGISTERED = {
  type: 'object',
  required: ['message', 'session', 'profile'],
  properties: {
    message: { type: 'string' },
    session: { anyOf: [SESSION, { type: 'null' }] },
    profile: { anyOf: [PROFILE, { type: 'null' }] },
  },
} as const;

const MESSAGE = {
  type: 'object',
  required: ['message'],
  properties: { message: { type: 'string' } },
} as const;

const SESSIONS = {
  type: 'object',
  required: ['items', 'count'],
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'created_at', 'last_seen_at', 'ip', 'user_agent', 'aal', 'current'],
        properties: {
          id: { type: 'string', format: 'uuid' },
          created_at: time,
          last_seen_at: time,
          ip: textOrNull,
          user_agent: textOrNull,
          aal: { type: 'string' },
          current: { type: 'boolean' },
        },
      },
    },
    count: { type: 'integer' },
  },
} as const;

export type ProfileAnswer = XStatic<typeof PROFILE>;

const exampleUser = {
  id: USER_ID,
  aud: 'authenticated',
  role: 'authenticated',
  email: 'ada@example.com',
  email_confirmed_at: TIME,
  phone: '',
  confirmed_at: TIME,
  last_sign_in_at: TIME,
  app_metadata: { provider: 'email', providers: ['email'], roles: ['user'], permissions: [] },
  user_metadata: {},
  identities: [],
  created_at: TIME,
  updated_at: TIME,
  is_anonymous: false,
};
const exampleSession = {
  access_token: 'eyJ…',
  token_type: 'bearer',
  expires_in: 3600,
  expires_at: 1_800_000_000,
  refresh_token: 'AAGX…',
  user: exampleUser,
};
const exampleProfile = {
  user_id: USER_ID,
  email: 'ada@example.com',
  username: 'ada',
  first_name: 'Ada',
  last_name: null,
  is_active: true,
  roles: ['user'],
  permissions: [],
  created_at: TIME,
  updated_at: TIME,
};

export const SESSION_ANSWER: ResponseSchema = {
  name: 'UserSession',
  description: 'The session, in the shape of Supabase Auth.',
  schema: SESSION,
  example: exampleSession,
};
export const PROFILE_ANSWER: ResponseSchema = {
  name: 'Profile',
  description: 'The profile, with what the person may do now.',
  schema: PROFILE,
  example: exampleProfile,
};
export const MESSAGE_ANSWER: ResponseSchema = {
  name: 'Message',
  description: 'Done.',
  schema: MESSAGE,
  example: { message: 'Done.' },
};
export const DEVICES_ANSWER: ResponseSchema = {
  name: 'DeviceList',
  description: 'Sessions, newest first.',
  schema: SESSIONS,
  example: {
    items: [
      {
        id: SESSION_ID,
        created_at: TIME,
        last_seen_at: TIME,
        ip: '192.0.2.1',
        user_agent: 'curl/8.5.0',
        aal: 'aal1',
        current: true,
      },
    ],
    count: 1,
  },
};
export const REGISTERED_ANSWER: ResponseSchema = {
  name: 'Registered',
  description: 'Registered. Session and profile are null where the e-mail must be confirmed first.',
  schema: REGISTERED,
  example: { message: 'Welcome.', session: exampleSession, profile: exampleProfile },
};
