import { isServiceError, ServiceError } from '#errors';
import { ADMIN_ROLE, type Authority, administer, type Precondition, requireAuthorityOver } from '#rbac';
import type { DirectoryEntry, TransactionStores } from '#storage';
import { adoptAtFirstSight } from '../adoption.ts';
import { lookAtAdministrators } from '../look-at-administrators.ts';
import type { ReachedAccount } from '../types.ts';
import type { UserAdministrationDependencies } from './types.ts';

/** A person as they are while nobody else administers, and the stores of the transaction that changes them. */
export interface Changing {
  readonly stores: TransactionStores;
  readonly before: DirectoryEntry;
  readonly account: ReachedAccount;
  /** With what is left of their rights. */
  readonly by: Authority;
}

/**
 * Every change of a person is one transaction under the lock of roles and grants, so that what they carry when the actor
 * is judged is what they carry when the change is made.
 * @throws ServiceError `not_found`, `exceeds_own_rights`, and what the work throws.
 */
export async function changePerson<T>(
  dependencies: UserAdministrationDependencies,
  {
    by: asked,
    userId,
    precondition,
  }: { by: Authority; userId: string; precondition?: Precondition<DirectoryEntry> | undefined },
  work: (changing: Changing) => Promise<T>,
): Promise<T> {
  const { administration } = dependencies.provider;

  async function change(stores: TransactionStores, by: Authority, account: ReachedAccount): Promise<T> {
    const before = await requireEntry(dependencies, stores, userId, account);
    precondition?.(before);
    const carried = await stores.userRoles.carried(before.userId);
    requireAuthorityOver(by, carried, carried);
    return await work({ stores, before, account, by });
  }

  return await administration.inTurn(async () => {
    await lookAtThemIfAdministrator(dependencies, userId);
    const account = await administration.reach(userId);
    return await administer(dependencies, asked, (stores, by) => change(stores, by, account));
  });
}

/** What becomes of an administrator hangs on whether there is another one who can act. */
async function lookAtThemIfAdministrator(
  dependencies: UserAdministrationDependencies,
  userId: string,
): Promise<void> {
  const { provider, storage } = dependencies;
  if (!provider.administration.isElsewhere) return;
  const held = await storage.userRoles.list(userId);
  if (held.some(({ name }) => name === ADMIN_ROLE)) await lookAtAdministrators(dependencies);
}

/**
 * Outside of a change. Where the account is kept elsewhere, as it was when it was last seen.
 * @throws ServiceError `not_found`.
 */
export async function findPerson(
  dependencies: UserAdministrationDependencies,
  userId: string,
): Promise<DirectoryEntry> {
  const { storage, provider } = dependencies;
  const known = await storage.directory.find(userId);
  if (known !== null) return known;
  const account = await provider.administration.reach(userId);
  return await storage.transaction((stores) => requireEntry(dependencies, stores, userId, account));
}

/** As it is at this moment; where its keeper cannot be asked, as it was when it was last seen. */
export async function lookAtPerson(
  dependencies: UserAdministrationDependencies,
  userId: string,
): Promise<DirectoryEntry> {
  const { storage, provider } = dependencies;
  if (!provider.administration.isElsewhere) return await findPerson(dependencies, userId);
  try {
    const account = await provider.administration.reach(userId);
    return await storage.transaction((stores) => requireEntry(dependencies, stores, userId, account));
  } catch (error) {
    if (!isServiceError(error, 'identity_unavailable')) throw error;
    return (await storage.directory.find(userId)) ?? Promise.reject(error);
  }
}

/** As it stands now. @throws ServiceError `not_found`. */
export async function requireEntry(
  dependencies: UserAdministrationDependencies,
  stores: TransactionStores,
  userId: string,
  account: ReachedAccount,
): Promise<DirectoryEntry> {
  await account.settle(stores);
  const known = await stores.directory.find(userId);
  if (known !== null) return known;
  await adoptAtFirstSight(dependencies, stores, userId, account);
  await account.settle(stores);
  const adopted = await stores.directory.find(userId);
  if (adopted === null) throw noSuchUser();
  return adopted;
}

export function noSuchUser(): ServiceError {
  return new ServiceError('not_found', 'There is no user with this id.');
}
