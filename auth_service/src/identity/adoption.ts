import { isServiceError, ServiceError } from '#errors';
import { ADMINISTRATORS_LOCK } from '#rbac';
import type { Profile, Storage, Stores, TransactionStores } from '#storage';
import { namesIn, usernameIn } from './profile-input.ts';
import type { Adopt, OwnAccount } from './types.ts';

export const DEFAULT_ROLE = 'user';

export type ProfileNames = Partial<Pick<Profile, 'username' | 'firstName' | 'lastName'>>;

/**
 * The profile and default role of an account that has just been made. Until its e-mail is confirmed it holds no
 * username: otherwise a second registration with that name would tell whether the first one's e-mail was new.
 */
export function adoptAs(
  names: ProfileNames,
  now: () => Date,
  roles: readonly string[] = [DEFAULT_ROLE],
): Adopt {
  return async (stores: Stores, user) => {
    const at = now();
    const { username = null, firstName = null, lastName = null } = names;
    const profile: Profile = {
      userId: user.id,
      email: user.email,
      username: user.isConfirmed ? username : null,
      firstName,
      lastName,
      isActive: true,
      createdAt: at,
      updatedAt: at,
    };
    await takenMeansUsername(() => stores.profiles.insert(profile, roles));
  };
}

/**
 * An account that was born elsewhere (by import, in another service) gets its profile and the default role the first
 * time somebody looks at it. Under the lock of whatever ends an account, so that nobody is left who has only a profile.
 * @returns false when there is no such account.
 */
export async function adoptAtFirstSight(
  { now }: { readonly now: () => Date },
  stores: TransactionStores,
  userId: string,
  account: OwnAccount,
  claimsUsername = false,
): Promise<boolean> {
  await stores.lock(ADMINISTRATORS_LOCK);
  if ((await stores.profiles.find(userId)) !== null) return true;
  const user = await account.find(stores);
  if (user === null) return false;
  const username = claimsUsername ? usernameIn(user.userMetadata) : null;
  await adoptAs({ ...namesIn(user.userMetadata), username }, now)(stores, user);
  return true;
}

/**
 * The same in a transaction of its own. The username that was asked for is theirs from now on; where somebody has it, the
 * profile comes without (docs/decisions/0010).
 */
export async function adoptNow(
  dependencies: { readonly storage: Pick<Storage, 'transaction'>; readonly now: () => Date },
  userId: string,
  account: OwnAccount,
): Promise<void> {
  const adopt = (claimsUsername: boolean) =>
    dependencies.storage.transaction((stores) =>
      adoptAtFirstSight(dependencies, stores, userId, account, claimsUsername),
    );
  try {
    await adopt(true);
  } catch (error) {
    if (!isServiceError(error, 'username_taken')) throw error;
    await adopt(false);
  }
}

/** Of a profile only the username can be taken. */
export async function takenMeansUsername<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isServiceError(error, 'already_exists') ? new ServiceError('username_taken') : error;
  }
}
