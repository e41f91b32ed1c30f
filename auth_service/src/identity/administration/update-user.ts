import { keepAnAdministrator } from '#rbac';
import type { DirectoryEntry, ProfileChange } from '#storage';
import { takenMeansUsername } from '../adoption.ts';
import { type Names, readPerson } from '../profile-input.ts';
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
  const { provider, audit, strength, now } = dependencies;

  async function prepare(
    userId: string,
    { password, email }: UserChange,
  ): Promise<PreparedPassword | undefined> {
    if (password === undefined) return undefined;
    const known = await findPerson(dependencies, userId);
    await strength.requireStrength(password, email ?? known.email, 'password');
    return await provider.administration.preparePassword(password);
  }

  /** Rows in the order that all take them in: profile, account, sessions. */
  async function apply({ stores, before }: Changing, difference: Difference, isVouchedFor: boolean) {
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
    if (Object.keys(account).length > 1) await provider.administration.update(stores, userId, account);
    const isEnd = password !== undefined || isActive === false || isConfirmed === false;
    return isEnd ? await provider.administration.endSessions(stores, userId) : null;
  }

  return {
    update: async (by, userId, input, precondition) => {
      const { email, names } = readPerson({ ...input, email: input.email });
      const password = await prepare(userId, { ...input, email });
      return await changePerson(
        dependencies,
        { by, userId, precondition },
        async (changing): Promise<DirectoryEntry> => {
          const { stores, before } = changing;
          const { isActive, isConfirmed } = input;
          const difference = differenceOf(before, { email, names, isActive, isConfirmed, password });
          if (difference.fields.length === 0) return before;
          const make = () => apply(changing, difference, mayVouch(changing.by));
          const isOfState = difference.isActive !== undefined || difference.isConfirmed !== undefined;
          const ended = isOfState ? await keepAnAdministrator(stores, now(), make) : await make();
          await audit.record(stores, {
            action: 'user.updated',
            actor: by,
            subject: { type: 'user', id: before.userId },
            detail: { fields: difference.fields, ...(ended !== null && { ended_sessions: ended.length }) },
          });
          return await requireEntry(dependencies, stores, userId);
        },
      );
    },
  };
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
