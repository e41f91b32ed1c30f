import { ADMIN_PERMISSION, type Authority, covers } from '#rbac';

/**
 * Whether they may say that an address is its holder's. The first administrator is made of an account whose address is
 * proved: who only administers users must not be able to make one that would do.
 */
export function mayVouch(by: Authority): boolean {
  return by.type === 'system' || covers(by.permissions, ADMIN_PERMISSION);
}
