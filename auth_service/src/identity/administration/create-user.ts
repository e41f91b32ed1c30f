import { ServiceError } from '#errors';
import { type Authority, administer, ROLE_NAME, requireAuthorityOver } from '#rbac';
import type { DirectoryEntry, Stores, TransactionStores } from '#storage';
import { DEFAULT_ROLE, takenMeansUsername } from '../adoption.ts';
import { type Names, readNewPerson, userMetadata } from '../profile-input.ts';
import type { PreparedPassword } from '../types.ts';
import type { NewUserInput, UserAdministration, UserAdministrationDependencies } from './types.ts';
import { mayVouch } from './vouching.ts';

type Person = Required<Names> & { readonly email: string };

export function createUserCreation(
  dependencies: UserAdministrationDependencies,
): Pick<UserAdministration, 'create'> {
  const { provider, storage, audit, strength, now } = dependencies;

  /** Who may not make them is told so before anything is said of the password, and before it is hashed. */
  async function prepare(
    asked: Authority,
    { password, roles = [] }: NewUserInput,
    email: string,
  ): Promise<PreparedPassword | null> {
    if (password === undefined) return null;
    await requireRoles(storage, roles);
    const carrying = await storage.roles.findByNames([DEFAULT_ROLE, ...roles]);
    const carried = await storage.rolePermissions.carried(carrying.map(({ id }) => id));
    requireAuthorityOver(asked, [], carried);
    await strength.requireStrength(password, email, 'password');
    return await provider.administration.preparePassword(password);
  }

  /** What they are to carry is seen once they carry it: the transaction is rolled back where it is too much. */
  async function insert(
    stores: TransactionStores,
    by: Authority,
    { person, password, input }: { person: Person; password: PreparedPassword | null; input: NewUserInput },
  ): Promise<string> {
    const { isActive = true, isConfirmed, roles = [] } = input;
    await requireRoles(stores, roles);
    const { id: userId, email } = await provider.administration.create(stores, {
      email: person.email,
      password,
      isConfirmed,
      isVouchedFor: mayVouch(by),
      userMetadata: userMetadata(person),
    });
    const { username, firstName, lastName } = person;
    const at = now();
    const profile = { userId, email, username, firstName, lastName, isActive, createdAt: at, updatedAt: at };
    await takenMeansUsername(() => stores.profiles.insert(profile, [DEFAULT_ROLE, ...roles]));
    requireAuthorityOver(by, [], await stores.userRoles.carried(userId));
    return userId;
  }

  /** As of a role that is given later; the one of newcomers comes by itself. */
  async function recordGrants(
    stores: TransactionStores,
    by: Authority,
    userId: string,
    given: readonly string[],
  ): Promise<void> {
    for (const { id, name } of await stores.roles.findByNames(given)) {
      if (name === DEFAULT_ROLE) continue;
      await audit.record(stores, {
        action: 'role.granted',
        actor: by,
        subject: { type: 'user', id: userId },
        detail: { role: name, role_id: id },
      });
    }
  }

  return {
    async create(asked, input): Promise<DirectoryEntry> {
      const person = readNewPerson(input);
      const password = await prepare(asked, input, person.email);
      const make = async (stores: TransactionStores, by: Authority) => {
        const userId = await insert(stores, by, { person, password, input });
        const made = await stores.directory.find(userId);
        if (made === null)
          throw new ServiceError('internal', undefined, { cause: 'a profile came and went' });
        await audit.record(stores, {
          action: 'user.created',
          actor: by,
          subject: { type: 'user', id: userId },
          detail: { roles: made.roles },
        });
        await recordGrants(stores, by, userId, input.roles ?? []);
        return made;
      };
      return await provider.administration.inTurn(() => administer(dependencies, asked, make));
    },
  };
}

/** @throws ServiceError `validation_failed` naming each role that does not exist. */
async function requireRoles(stores: Pick<Stores, 'roles'>, names: readonly string[]): Promise<void> {
  const possible = names.filter((name) => ROLE_NAME.test(name));
  const known = new Set((await stores.roles.findByNames(possible)).map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const fields = unknown.map((name) => ({
    field: 'assigned_roles',
    message: `There is no role ${JSON.stringify(name.slice(0, 64))}.`,
  }));
  throw new ServiceError('validation_failed', undefined, { fields });
}
