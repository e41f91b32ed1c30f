import { ServiceError } from '#errors';
import type { Role, Stores, TransactionStores } from '#storage';
import { type Authority, requireAuthorityOver } from './authority.ts';
import { ADMIN_PERMISSION, ADMIN_ROLE } from './built-ins.ts';
import { administer, type RbacDependencies } from './dependencies.ts';
import type { Grant, Rbac } from './index.ts';
import { find, noSuch, PERMISSION, ROLE } from './kinds.ts';
import { keepAnAdministrator } from './last-administrator.ts';

type Grants = Pick<
  Rbac,
  | 'grantPermission'
  | 'revokePermission'
  | 'rolePermissions'
  | 'grantRoleToClient'
  | 'revokeRoleFromClient'
  | 'clientRoles'
  | 'grantRoleToUser'
  | 'revokeRoleFromUser'
  | 'userRoles'
>;

/** One change of who holds what. */
interface Gift {
  readonly by: Authority;
  /** A role, a client or a user, by what the caller knows it. */
  readonly holder: string;
  /** A permission or a role, by id or name. */
  readonly thing: string;
  readonly isGrant: boolean;
}

/** Those who hold roles: where their links are kept, and what an audit event calls them. */
interface Holders {
  readonly noun: 'client' | 'user';
  /** @throws ServiceError `not_found`. */
  requireId(stores: Stores, id: string): Promise<string>;
  carried(stores: Stores, id: string): Promise<string[]>;
  add(stores: Stores, id: string, roleId: string, assignedAt: Date): Promise<boolean>;
  remove(stores: Stores, id: string, roleId: string): Promise<boolean>;
}

export function createGrants(dependencies: RbacDependencies): Grants {
  const { storage, audit, now } = dependencies;

  /** Gives or takes a permission; the row and its event, or neither. */
  function changeRole({ by: asked, holder, thing, isGrant }: Gift): Promise<Grant> {
    return administer(dependencies, asked, async (stores, by) => {
      const role = await find(stores, ROLE, holder);
      const permission = await find(stores, PERMISSION, thing);
      const carried = await ROLE.carried(stores, role.id, role.name);
      requireAuthorityOver(by, carried, [permission.name]);
      if (!isGrant && role.name === ADMIN_ROLE && permission.name === ADMIN_PERMISSION) {
        throw new ServiceError('built_in', `The role "${ADMIN_ROLE}" keeps "${ADMIN_PERMISSION}".`);
      }
      const assignedAt = now();
      const changed = isGrant
        ? await stores.rolePermissions.add({ roleId: role.id, permissionId: permission.id, assignedAt })
        : await stores.rolePermissions.remove(role.id, permission.id);
      if (changed) {
        await audit.record(stores, {
          action: isGrant ? 'permission.granted' : 'permission.removed',
          actor: by,
          subject: { type: 'role', id: role.id },
          detail: { role: role.name, permission: permission.name, permission_id: permission.id },
        });
      }
      return { changed, holderId: role.id, id: permission.id, name: permission.name, assignedAt };
    });
  }

  function changeHolder(holders: Holders, { by: asked, holder, thing, isGrant }: Gift): Promise<Grant> {
    return administer(dependencies, asked, async (stores, by) => {
      const holderId = await holders.requireId(stores, holder);
      const role = await find(stores, ROLE, thing);
      const before = await holders.carried(stores, holderId);
      requireAuthorityOver(by, before, await ROLE.carried(stores, role.id, role.name));
      const assignedAt = now();
      const changed = await changeLink(stores, holders, { holderId, role, isGrant, assignedAt });
      if (changed) {
        await audit.record(stores, {
          action: isGrant ? 'role.granted' : 'role.removed',
          actor: by,
          subject: { type: holders.noun, id: holderId },
          detail: { role: role.name, role_id: role.id },
        });
      }
      return { changed, holderId, id: role.id, name: role.name, assignedAt };
    });
  }

  function changeLink(
    stores: TransactionStores,
    { noun, add, remove }: Holders,
    link: { holderId: string; role: Role; isGrant: boolean; assignedAt: Date },
  ): Promise<boolean> {
    const { holderId, role, isGrant, assignedAt } = link;
    if (isGrant) return add(stores, holderId, role.id, assignedAt);
    const take = () => remove(stores, holderId, role.id);
    return noun === 'user' && role.name === ADMIN_ROLE ? keepAnAdministrator(stores, now(), take) : take();
  }

  const give = (by: Authority, holder: string, thing: string): Gift => ({ by, holder, thing, isGrant: true });
  const take = (by: Authority, holder: string, thing: string): Gift => ({
    by,
    holder,
    thing,
    isGrant: false,
  });
  return {
    grantPermission: (...gift) => changeRole(give(...gift)),
    revokePermission: (...gift) => changeRole(take(...gift)),
    rolePermissions: async (role, page) =>
      storage.rolePermissions.page((await find(storage, ROLE, role)).id, page),
    grantRoleToClient: (...gift) => changeHolder(CLIENTS, give(...gift)),
    revokeRoleFromClient: (...gift) => changeHolder(CLIENTS, take(...gift)),
    clientRoles: async (id, page) => storage.clientRoles.page(await CLIENTS.requireId(storage, id), page),
    grantRoleToUser: (...gift) => changeHolder(USERS, give(...gift)),
    revokeRoleFromUser: (...gift) => changeHolder(USERS, take(...gift)),
    userRoles: async (id, page) => storage.userRoles.page(await USERS.requireId(storage, id), page),
  };
}

const CLIENTS: Holders = {
  noun: 'client',
  async requireId(stores, id) {
    const client = await stores.clients.find(id);
    if (client === null) throw noSuch('client', id);
    return client.id;
  },
  carried: (stores, id) => stores.clientRoles.carried(id),
  add: (stores, clientId, roleId, assignedAt) => stores.clientRoles.add({ clientId, roleId, assignedAt }),
  remove: (stores, id, roleId) => stores.clientRoles.remove(id, roleId),
};

const USERS: Holders = {
  noun: 'user',
  async requireId(stores, id) {
    const profile = await stores.profiles.find(id);
    if (profile === null) throw noSuch('user', id);
    return profile.userId;
  },
  carried: (stores, id) => stores.userRoles.carried(id),
  add: (stores, userId, roleId, assignedAt) => stores.userRoles.add({ userId, roleId, assignedAt }),
  remove: (stores, id, roleId) => stores.userRoles.remove(id, roleId),
};
