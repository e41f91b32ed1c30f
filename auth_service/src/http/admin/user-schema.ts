import type { XStatic } from 'typebox/schema';
import type { ResponseSchema } from '../openapi/route-schema.ts';
import * as parts from './schema-parts.ts';

const ROLES_AT_MOST = 100;
const EXAMPLE_PERSON_ID = '0197f3a2-6b1c-7d00-8a2e-3f1d5c9b7a12';

export const OF_USER = { user_id: { type: 'string', description: 'Of the user.' } } as const;

const EMAIL = { ...parts.text, description: 'In any case; ASCII; up to 254 characters.' } as const;
const PASSWORD = {
  ...parts.text,
  format: 'password',
  description: '8 to 128 characters, not a common one. Without one nobody can log in with a password.',
} as const;
const NAMES = {
  username: { ...parts.nullableText, description: 'Up to 50 characters, one person’s in any case.' },
  first_name: { ...parts.nullableText, description: 'Up to 100 characters.' },
  last_name: { ...parts.nullableText, description: 'Up to 100 characters.' },
} as const;
const STATES = {
  email_confirmed: {
    type: 'boolean',
    description: 'Whether the account may be used. Default: as it is with those who register.',
  },
  is_active: { type: 'boolean', description: 'Who is deactivated holds nothing and cannot log in.' },
} as const;

const USER_INPUT = { email: EMAIL, password: PASSWORD, ...NAMES, ...STATES } as const;

export const NEW_USER_BODY = parts.body(
  {
    ...USER_INPUT,
    assigned_roles: {
      type: 'array',
      items: parts.text,
      maxItems: ROLES_AT_MOST,
      description: 'Names, beside the role of newcomers.',
    },
  } as const,
  ['email'],
);
export const USER_CHANGE_BODY = parts.body(USER_INPUT, []);
export const BAN_BODY = parts.body(
  {
    ban_duration: {
      ...parts.text,
      description: 'As GoTrue takes it, in Go’s spelling: 24h, 1h30m. Default: 876000h, which is for ever.',
    },
  } as const,
  [],
);

export type NewUserBody = XStatic<typeof NEW_USER_BODY>;
export type UserChangeBody = XStatic<typeof USER_CHANGE_BODY>;
export type BanBody = XStatic<typeof BAN_BODY>;

const USER_FIELDS = [
  'user_id',
  'email',
  'username',
  'first_name',
  'last_name',
  'is_active',
  'email_confirmed_at',
  'banned_until',
  'last_sign_in_at',
  'roles',
  'created_at',
  'updated_at',
] as const;

export const USER: ResponseSchema = {
  name: 'ManagedUser',
  description: 'The user.',
  schema: {
    type: 'object',
    required: USER_FIELDS,
    properties: {
      user_id: parts.uuid,
      email: { type: 'string' },
      username: parts.textOrNull,
      first_name: parts.textOrNull,
      last_name: parts.textOrNull,
      is_active: { type: 'boolean' },
      email_confirmed_at: parts.timeOrNull,
      banned_until: parts.timeOrNull,
      last_sign_in_at: { ...parts.timeOrNull, description: 'No part of the ETag.' },
      roles: {
        ...parts.strings,
        description: 'Names of those that were given, whether or not they count now.',
      },
      created_at: parts.time,
      updated_at: parts.time,
    },
  },
  example: {
    user_id: EXAMPLE_PERSON_ID,
    email: 'ada@example.com',
    username: 'ada',
    first_name: 'Ada',
    last_name: null,
    is_active: true,
    email_confirmed_at: parts.EXAMPLE_TIME,
    banned_until: null,
    last_sign_in_at: parts.EXAMPLE_TIME,
    roles: ['user'],
    created_at: parts.EXAMPLE_TIME,
    updated_at: parts.EXAMPLE_TIME,
  },
};

export const SESSION: ResponseSchema = {
  name: 'SessionOfUser',
  description: 'A device that is logged in.',
  schema: {
    type: 'object',
    required: ['id', 'created_at', 'last_seen_at', 'ip', 'user_agent', 'aal'],
    properties: {
      id: parts.uuid,
      created_at: parts.time,
      last_seen_at: parts.time,
      ip: parts.textOrNull,
      user_agent: parts.textOrNull,
      aal: { type: 'string' },
    },
  },
  example: {
    id: parts.EXAMPLE_ID,
    created_at: parts.EXAMPLE_TIME,
    last_seen_at: parts.EXAMPLE_TIME,
    ip: '192.0.2.1',
    user_agent: 'curl/8.5.0',
    aal: 'aal1',
  },
};

export const PERMISSION: ResponseSchema = {
  name: 'PermissionOfUser',
  description: 'A permission, and what it comes from.',
  schema: {
    type: 'object',
    required: ['name', 'roles'],
    properties: { name: { type: 'string' }, roles: { ...parts.strings, description: 'Names.' } },
  },
  example: { name: 'orders:read', roles: ['orders-reader'] },
};
