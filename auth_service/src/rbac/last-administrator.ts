import { ServiceError } from '#errors';
import type { TransactionStores } from '#storage';
import { ADMIN_ROLE } from './built-ins.ts';

/**
 * Held by whatever makes or unmakes an administrator. Taken after `RBAC_LOCK` where both are, and before any row of a
 * person is written.
 */
export const ADMINISTRATORS_LOCK = 'administrators';

/**
 * Does what may leave the installation without an administrator who can act (confirmed, active, not banned), and
 * refuses if it does. One at a time over all replicas, so that the last two cannot go at once.
 * @param now who is banned until later than this cannot act
 * @throws ServiceError `last_administrator`, and what `change` throws: the transaction must then be rolled back.
 */
export async function keepAnAdministrator<T>(
  stores: TransactionStores,
  now: Date,
  change: () => Promise<T>,
): Promise<T> {
  await stores.lock(ADMINISTRATORS_LOCK);
  const hadOne = await stores.userRoles.isHeld(ADMIN_ROLE, now);
  const result = await change();
  if (hadOne && !(await stores.userRoles.isHeld(ADMIN_ROLE, now))) {
    throw new ServiceError('last_administrator');
  }
  return result;
}
