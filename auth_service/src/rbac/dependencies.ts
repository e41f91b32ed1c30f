import type { Audit } from '#audit';
import type { Random } from '#crypto';
import type { Storage, TransactionStores } from '#storage';
import { type Authority, authorityNow } from './authority.ts';

export interface RbacDependencies {
  readonly storage: Storage;
  readonly audit: Pick<Audit, 'record'>;
  readonly now: () => Date;
  readonly random: Pick<Random, 'uuid'>;
  /** Called once a change has been committed, so that others need not wait until they look. */
  readonly onRightsChanged?: (() => void) | undefined;
}

/**
 * Held by every change of roles, permissions and grants, so that what is asked first (is it in use?) is still true when
 * the change is made. Whoever gives roles elsewhere takes it too.
 */
export const RBAC_LOCK = 'rbac';

type Administering = Pick<RbacDependencies, 'now' | 'onRightsChanged'> & {
  readonly storage: Pick<Storage, 'transactionUnder'>;
};

/**
 * The one way for an administrator to change anything: a transaction under the lock of rights, by what the actor holds at
 * this moment and not when the request began.
 * @throws ServiceError `insufficient_permission`, and what the work throws.
 */
export function administer<T>(
  { storage, now, onRightsChanged }: Administering,
  by: Authority,
  work: (stores: TransactionStores, by: Authority) => Promise<T>,
): Promise<T> {
  return storage.transactionUnder(RBAC_LOCK, async (stores) => {
    if (onRightsChanged !== undefined) stores.afterCommit(onRightsChanged);
    return work(stores, await authorityNow(stores, by, now()));
  });
}
