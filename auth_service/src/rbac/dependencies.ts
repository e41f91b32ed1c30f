import type { Audit } from '#audit';
import type { Random } from '#crypto';
import type { Storage, TransactionStores } from '#storage';

export interface RbacDependencies {
  readonly storage: Storage;
  readonly audit: Pick<Audit, 'record'>;
  readonly now: () => Date;
  readonly random: Pick<Random, 'uuid'>;
}

/**
 * Held by every change of roles, permissions and grants, so that what is asked first (is it in use?) is still true when
 * the change is made. Whoever gives roles elsewhere takes it too.
 */
export const RBAC_LOCK = 'rbac';

export function change<T>(
  { storage }: RbacDependencies,
  work: (stores: TransactionStores) => Promise<T>,
): Promise<T> {
  return storage.transaction(async (stores) => {
    await stores.lock(RBAC_LOCK);
    return work(stores);
  });
}
