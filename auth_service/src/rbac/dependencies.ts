import type { Audit } from '#audit';
import type { Random } from '#crypto';
import type { Storage, TransactionStores } from '#storage';
import { type Authority, authorityNow } from './authority.ts';

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

/**
 * The one way for an administrator to change anything: a transaction under the lock of rights, by what the actor holds at
 * this moment and not when the request began.
 * @throws ServiceError `insufficient_permission`, and what the work throws.
 */
export function administer<T>(
  { storage, now }: { readonly storage: Pick<Storage, 'transaction'>; readonly now: () => Date },
  by: Authority,
  work: (stores: TransactionStores, by: Authority) => Promise<T>,
): Promise<T> {
  return storage.transaction(async (stores) => {
    await stores.lock(RBAC_LOCK);
    return work(stores, await authorityNow(stores, by, now()));
  });
}
