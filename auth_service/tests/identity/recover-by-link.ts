import assert from 'node:assert/strict';
import { AuthClient } from '@supabase/auth-js';
import type { UserSession } from '#identity';

/** The link of a forgotten password, as the service key is shown it, followed by its holder. */
export async function recoverByLink(
  gotrue: { readonly url: string; readonly anonKey: string; readonly serviceRoleKey: string },
  email: string,
): Promise<UserSession> {
  const clientWith = (key: string) =>
    new AuthClient({
      url: `${gotrue.url}/auth/v1`,
      headers: { apikey: key, Authorization: `Bearer ${key}` },
      persistSession: false,
      autoRefreshToken: false,
      detectSessionInUrl: false,
    });
  const link = await clientWith(gotrue.serviceRoleKey).admin.generateLink({ type: 'recovery', email });
  assert.equal(link.error, null);
  const { data, error } = await clientWith(gotrue.anonKey).verifyOtp({
    type: 'recovery',
    token_hash: link.data.properties?.hashed_token ?? '',
  });
  assert.equal(error, null);
  assert.ok(data.session !== null);
  return data.session as unknown as UserSession;
}
