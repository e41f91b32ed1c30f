import type { User as GotrueUser } from '@supabase/auth-js';

/**
 * In `app_metadata`, which nobody but the service key can write: the address or the password was chosen by somebody who
 * may not vouch for it. It is in the same request as the change, so that it is there as well where the answer was lost,
 * and nothing could be written here.
 */
export const HANDED_OVER_MARK = 'paservices_handed_over';

export function isMarkedAsHandedOver(user: GotrueUser | null): boolean {
  return user?.app_metadata?.[HANDED_OVER_MARK] === true;
}
