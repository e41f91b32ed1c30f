import { isServiceError } from '#errors';
import { ADMIN_ROLE } from '#rbac';
import type { Storage } from '#storage';
import type { IdentityProvider } from './types.ts';

/** More than that a house does not lose at once. */
const LOOKED_AT_MOST = 20;

/**
 * Who holds the role may be banned or gone where the accounts are kept, and then counts for no administrator: before the
 * rule about the last one is applied, or the first one is made, they are looked at. Nothing to do where accounts are here.
 * While their keeper cannot be asked, what was last seen holds.
 */
export async function lookAtAdministrators({
  provider: { administration },
  storage,
}: {
  readonly provider: Pick<IdentityProvider, 'administration'>;
  readonly storage: Pick<Storage, 'userRoles' | 'transaction'>;
}): Promise<void> {
  if (!administration.isElsewhere) return;
  try {
    for (const userId of await storage.userRoles.holders(ADMIN_ROLE, LOOKED_AT_MOST)) {
      const account = await administration.reach(userId);
      await storage.transaction((stores) => account.settle(stores));
    }
  } catch (error) {
    if (!isServiceError(error, 'identity_unavailable')) throw error;
  }
}
