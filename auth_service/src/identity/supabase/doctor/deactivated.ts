import type { Session } from '@supabase/auth-js';
import { decodeToken } from '#keys';
import type { SupabaseDependencies } from '../dependencies.ts';
import type { Finding } from './findings.ts';
import { judgeHookOfDeactivated } from './hook.ts';
import type { Probe } from './probe.ts';

/**
 * A hook of somebody else may say of everybody what ours says of the probe user. So it gets a profile that is
 * deactivated, which our database alone knows, and logs in once more. The profile goes with the probe user.
 * @returns null where it could not be looked at, or nothing is wrong
 */
export async function examineDeactivated(
  { storage, now }: Pick<SupabaseDependencies, 'storage' | 'now'>,
  { id, email }: Probe,
  logIn: () => Promise<Session>,
): Promise<Finding | null> {
  const at = now();
  const unnamed = { username: null, firstName: null, lastName: null };
  try {
    await storage.transaction(({ profiles }) =>
      profiles.insert({ userId: id, email, ...unnamed, isActive: false, createdAt: at, updatedAt: at }, []),
    );
    const { access_token: token } = await logIn();
    return judgeHookOfDeactivated(decodeToken(token)?.claims.app_metadata);
  } catch {
    // What was found before stands.
    return null;
  }
}
