import { lookAtAdministrators } from '../look-at-administrators.ts';
import { createAccountStates } from './account-states.ts';
import { findPerson, lookAtPerson } from './change-person.ts';
import { createUserCreation } from './create-user.ts';
import type { UserAdministration, UserAdministrationDependencies } from './types.ts';
import { createUserUpdate } from './update-user.ts';

export function createUserAdministration(dependencies: UserAdministrationDependencies): UserAdministration {
  const { provider, storage } = dependencies;
  return {
    list: (page) => storage.directory.list(page),
    find: (userId) => lookAtPerson(dependencies, userId),
    lookAtAdministrators: () => lookAtAdministrators(dependencies),
    meet: async (userId) => void (await findPerson(dependencies, userId)),
    ...createUserCreation(dependencies),
    ...createUserUpdate(dependencies),
    ...createAccountStates(dependencies),

    async sessions(userId, window) {
      const page = await provider.administration.listSessions(userId, window);
      // Who has a session is somebody.
      if (page.count === 0) await findPerson(dependencies, userId);
      return page;
    },

    async permissions(userId) {
      await findPerson(dependencies, userId);
      return await storage.directory.effectivePermissions(userId);
    },
  };
}
