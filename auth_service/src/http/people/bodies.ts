import type { XStatic } from 'typebox/schema';

/**
 * Longer than any value can be. The real lengths are those of `identity`, which counts characters as people do; this
 * one keeps a megabyte from being normalized, looked up or hashed.
 */
const LONGEST = 1024;
const LONGEST_TOKEN = 4096;

const text = { type: 'string', maxLength: LONGEST } as const;
const textOrNull = { type: ['string', 'null'], maxLength: LONGEST } as const;

const EMAIL = { ...text, description: 'In any case; ASCII; up to 254 characters.' } as const;
const SECRET = { ...text, format: 'password' } as const;
const NEW_SECRET = { ...SECRET, description: '8 to 128 characters, not a common one.' } as const;
const NAMES = {
  username: { ...textOrNull, description: 'Up to 50 characters, one person’s in any case.' },
  first_name: { ...textOrNull, description: 'Up to 100 characters.' },
  last_name: { ...textOrNull, description: 'Up to 100 characters.' },
} as const;

function body<Properties extends Record<string, unknown>, const Required extends readonly string[]>(
  properties: Properties,
  required: Required,
) {
  return { type: 'object', required, properties, additionalProperties: false } as const;
}

export const REGISTER_BODY = body({ email: EMAIL, password: NEW_SECRET, ...NAMES }, ['email', 'password']);
export const LOGIN_BODY = body({ email: EMAIL, password: SECRET }, ['email', 'password']);
export const REFRESH_BODY = body({ refresh_token: { type: 'string', maxLength: LONGEST_TOKEN } } as const, [
  'refresh_token',
]);
export const LOGOUT_BODY = body(
  { scope: { type: 'string', enum: ['local', 'global', 'others'] } } as const,
  [],
);
export const NAMES_BODY = body(NAMES, []);
export const PASSWORD_BODY = body({ new_password: NEW_SECRET, current_password: SECRET }, ['new_password']);

export type RegisterBody = XStatic<typeof REGISTER_BODY>;
export type LoginBody = XStatic<typeof LOGIN_BODY>;
export type RefreshBody = XStatic<typeof REFRESH_BODY>;
export type LogoutBody = XStatic<typeof LOGOUT_BODY>;
export type NamesBody = XStatic<typeof NAMES_BODY>;
export type PasswordBody = XStatic<typeof PASSWORD_BODY>;
