import { ServiceError } from '#errors';
import { type Authority, administer, type Precondition, requireAuthorityOver } from '#rbac';
import type { DirectoryEntry, TransactionStores } from '#storage';
import { adoptAtFirstSight } from '../adoption.ts';
import type { UserAdministrationDependencies } from './types.ts';

/** A person as they are while nobody else administers, and the stores of the transaction that changes them. */
export interface Changing {
  readonly stores: TransactionStores;
  readonly before: DirectoryEntry;
  /** With what is left of their rights. */
  readonly by: Authority;
}

/**
 * Every change of a person is one transaction under the lock of roles and grants, so that what they carry when the actor
 * is judged is what they carry when the change is made.
 * @throws ServiceError `not_found`, `exceeds_own_rights`, and what the work throws.
 */
export function changePerson<T>(
  dependencies: UserAdministrationDependencies,
  {
    by: asked,
    userId,
    precondition,
  }: { by: Authority; userId: string; precondition?: Precondition<DirectoryEntry> | undefined },
  work: (changing: Changing) => Promise<T>,
): Promise<T> {
  return administer(dependencies, asked, async (stores, by) => {
    const before = await requireEntry(dependencies, stores, userId);
    precondition?.(before);
    const carried = await stores.userRoles.carried(before.userId);
    requireAuthorityOver(by, carried, carried);
    return await work({ stores, before, by });
  });
}

/** Outside of a change. @throws ServiceError `not_found`. */
export async function findPerson(
  dependencies: UserAdministrationDependencies,
  userId: string,
): Promise<DirectoryEntry> {
  const { storage } = dependencies;
  return (
    (await storage.directory.find(userId)) ??
    (await storage.transaction((stores) => requireEntry(dependencies, stores, userId)))
  );
}

/** As it stands now. @throws ServiceError `not_found`. */
export async function requireEntry(
  dependencies: UserAdministrationDependencies,
  stores: TransactionStores,
  userId: string,
): Promise<DirectoryEntry> {
  const known = await stores.directory.find(userId);
  if (known !== null) return known;
  await adoptAtFirstSight(dependencies, stores, userId);
  const adopted = await stores.directory.find(userId);
  if (adopted === null) throw noSuchUser();
  return adopted;
}

export function noSuchUser(): ServiceError {
  return new ServiceError('not_found', 'There is no user with this id.');
}
