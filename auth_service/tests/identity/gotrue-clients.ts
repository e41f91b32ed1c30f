import assert from 'node:assert/strict';
import { AuthClient, type User } from '@supabase/auth-js';
import type { GotrueDouble } from '../support/gotrue/double.ts';

export const PASSWORD = 'correct horse 1';

let count = 0;
export function freshEmail(): string {
  count += 1;
  return `person${count}@example.com`;
}

/** auth-js as a server uses it: nothing is kept. */
export function clientOf(double: GotrueDouble, key = double.anonKey): InstanceType<typeof AuthClient> {
  return new AuthClient({
    url: `${double.url}/auth/v1`,
    headers: { apikey: key, Authorization: `Bearer ${key}` },
    autoRefreshToken: false,
    detectSessionInUrl: false,
  });
}

export function adminOf(double: GotrueDouble) {
  return clientOf(double, double.serviceRoleKey).admin;
}

export async function created(double: GotrueDouble, attributes: object = {}): Promise<User> {
  const { data, error } = await adminOf(double).createUser({
    email: freshEmail(),
    password: PASSWORD,
    email_confirm: true,
    ...attributes,
  });
  assert.equal(error, null);
  assert.ok(data.user);
  return data.user;
}

export async function signedIn(double: GotrueDouble, email: string | undefined, password = PASSWORD) {
  const client = clientOf(double);
  const { data, error } = await client.signInWithPassword({ email: email ?? '', password });
  assert.equal(error, null);
  assert.ok(data.session);
  return { client, session: data.session };
}

export function call(double: GotrueDouble, path: string, init: RequestInit & { token?: string } = {}) {
  const authorization = init.token === undefined ? {} : { authorization: `Bearer ${init.token}` };
  return fetch(`${double.url}/auth/v1${path}`, {
    ...init,
    headers: { apikey: double.anonKey, ...authorization, ...init.headers },
  });
}

export function refreshOf(double: GotrueDouble, token: string) {
  return clientOf(double).refreshSession({ refresh_token: token });
}
