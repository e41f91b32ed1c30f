import { isServiceError, ServiceError } from '#errors';
import { type Authority, keepAnAdministrator, requireAuthorityOver } from '#rbac';
import type { DirectoryEntry, ProfileChange } from '#storage';
import { takenMeansUsername } from '../adoption.ts';
import { type Names, readPerson, usernameIn } from '../profile-input.ts';
import type { AccountUpdate, PreparedPassword } from '../types.ts';
import { type Changing, changePerson, findPerson, requireEntry } from './change-person.ts';
import type { UserAdministration, UserAdministrationDependencies, UserChange } from './types.ts';
import { mayVouch } from './vouching.ts';

/** What differs from what is there; the rest is left out. */
interface Difference {
  readonly email?: string;
  readonly names: Names;
  readonly isActive?: boolean;
  readonly isConfirmed?: boolean;
  readonly password?: PreparedPassword;
  /** As a caller calls them. */
  readonly fields: readonly string[];
}

export function createUserUpdate(
  dependencies: UserAdministrationDependencies,
): Pick<UserAdministration, 'update'> {
  const { provider, storage, audit, strength, now } = dependencies;

  /** Who may not set it is told so before anything is said of the password, and before it is hashed. */
  async function prepare(
    asked: Authority,
    userId: string,
    { password, email }: UserChange,
  ): Promise<PreparedPassword | undefined> {
    if (password === undefined) return undefined;
    const known = await findPerson(dependencies, userId);
    refuseOwn(asked, known, { isOther: true });
    const carried = await storage.userRoles.carried(known.userId);
    requireAuthorityOver(asked, carried, carried);
    await strength.requireStrength(password, email ?? known.email, 'password');
    return await provider.administration.preparePassword(password);
  }

  /** Rows in the order that all take them in: profile, account, sessions. */
  async function apply(
    { stores, before, account: reached }: Changing,
    difference: Difference,
    isVouchedFor: boolean,
  ) {
    const { userId } = before;
    const { email, isActive, isConfirmed, password, names } = difference;
    const profile: ProfileChange = {
      ...names,
      ...(email === undefined ? {} : { email }),
      ...(isActive === undefined ? {} : { isActive }),
      updatedAt: now(),
    };
    await takenMeansUsername(() => stores.profiles.update(userId, profile));
    const account: AccountUpdate = {
      ...(email === undefined ? {} : { email }),
      ...(isConfirmed === undefined ? {} : { isConfirmed }),
      ...(password === undefined ? {} : { password }),
      isVouchedFor,
    };
    if (Object.keys(account).length > 1) await reached.update(stores, account);
    const isEnd = password !== undefined || isActive === false || isConfirmed === false;
    return isEnd ? await reached.endSessions(stores) : null;
  }

  /** The name that waited for the proof of the address (docs/decisions/0010), where it is being proved. */
  async function waitingUsername(
    { stores, before, account: reached }: Changing,
    { names, isConfirmed }: Wanted,
  ) {
    const isProved = isConfirmed === true && before.emailConfirmedAt === null;
    if (!isProved || names.username !== undefined || before.username !== null) return null;
    const account = await reached.find(stores);
    return account === null ? null : usernameIn(account.userMetadata);
  }

  /** In the transaction. @param wanted with the names as they are to be */
  async function change(changing: Changing, wanted: Wanted): Promise<DirectoryEntry> {
    const { stores, before, account, by } = changing;
    const difference = differenceOf(before, wanted);
    refuseOwn(by, before, { isOther: difference.email !== undefined });
    if (difference.fields.length === 0) return before;
    const make = () => apply(changing, difference, mayVouch(by));
    const isOfState = difference.isActive !== undefined || difference.isConfirmed !== undefined;
    const ended = isOfState ? await keepAnAdministrator(stores, now(), make) : await make();
    await audit.record(stores, {
      action: 'user.updated',
      actor: by,
      subject: { type: 'user', id: before.userId },
      detail: { fields: difference.fields, ...(ended !== null && { ended_sessions: ended.length }) },
    });
    return await requireEntry(dependencies, stores, before.userId, account);
  }

  return {
    update: async (by, userId, input, precondition) => {
      const { email, names } = readPerson({ ...input, email: input.email });
      const password = await prepare(by, userId, { ...input, email });
      const { isActive, isConfirmed } = input;
      const wanted = { email, names, isActive, isConfirmed, password };
      let claimed: string | null = null;
      try {
        return await changePerson(dependencies, { by, userId, precondition }, async (changing) => {
          claimed = await waitingUsername(changing, wanted);
          return await change(
            changing,
            claimed === null ? wanted : { ...wanted, names: { ...names, username: claimed } },
          );
        });
      } catch (error) {
        // Somebody has the name by now: the address is proved all the same.
        if (claimed === null || !isServiceError(error, 'username_taken')) throw error;
        return await changePerson(dependencies, { by, userId, precondition }, (changing) =>
          change(changing, wanted),
        );
      }
    },
  };
}

/** A stolen access token alone must not be enough to take an account over, whatever its holder may administer. */
function refuseOwn(
  by: Authority,
  { userId }: DirectoryEntry,
  { isOther }: { readonly isOther: boolean },
): void {
  if (isOther && by.type === 'user' && by.id === userId) throw new ServiceError('own_credentials');
}

interface Wanted {
  readonly email: string | undefined;
  readonly names: Names;
  readonly isActive: boolean | undefined;
  readonly isConfirmed: boolean | undefined;
  readonly password: PreparedPassword | undefined;
}

function differenceOf(before: DirectoryEntry, wanted: Wanted): Difference {
  const { email, isActive, isConfirmed, password } = wanted;
  const names = (['username', 'firstName', 'lastName'] as const).filter(
    (name) => wanted.names[name] !== undefined && wanted.names[name] !== before[name],
  );
  const isOther = {
    email: email !== undefined && email !== before.email,
    password: password !== undefined,
    username: names.includes('username'),
    first_name: names.includes('firstName'),
    last_name: names.includes('lastName'),
    is_active: isActive !== undefined && isActive !== before.isActive,
    email_confirmed: isConfirmed !== undefined && isConfirmed !== (before.emailConfirmedAt !== null),
  };
  return {
    ...(isOther.email && email !== undefined && { email }),
    ...(password !== undefined && { password }),
    names: Object.fromEntries(names.map((name) => [name, wanted.names[name]])) as Names,
    ...(isOther.is_active && isActive !== undefined && { isActive }),
    ...(isOther.email_confirmed && isConfirmed !== undefined && { isConfirmed }),
    fields: Object.entries(isOther).flatMap(([field, differs]) => (differs ? [field] : [])),
  };
}
