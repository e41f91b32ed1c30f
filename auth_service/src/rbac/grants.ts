import type { Actor } from '#audit';
import { ServiceError } from '#errors';
import type { Stores } from '#storage';
import { ADMIN_PERMISSION, ADMIN_ROLE } from './built-ins.ts';
import { change, type RbacDependencies } from './dependencies.ts';
import type { Change, Rbac } from './index.ts';
import { find, noSuch, PERMISSION, ROLE } from './kinds.ts';

type Grants = Pick<
  Rbac,
  'grantPermission' | 'revokePermission' | 'grantRoleToClient' | 'revokeRoleFromClient' | 'clientRoles'
>;

export function createGrants(dependencies: RbacDependencies): Grants {
  const { storage, audit, now } = dependencies;

  /** Gives or takes a permission; the row and its event, or neither. */
  function changeRole(
    actor: Actor,
    names: { role: string; permission: string },
    isGrant: boolean,
  ): Promise<Change> {
    return change(dependencies, async (stores) => {
      const role = await find(stores, ROLE, names.role);
      const permission = await find(stores, PERMISSION, names.permission);
      if (!isGrant && role.name === ADMIN_ROLE && permission.name === ADMIN_PERMISSION) {
        throw new ServiceError('built_in', `The role "${ADMIN_ROLE}" keeps "${ADMIN_PERMISSION}".`);
      }
      const changed = isGrant
        ? await stores.rolePermissions.add({
            roleId: role.id,
            permissionId: permission.id,
            assignedAt: now(),
          })
        : await stores.rolePermissions.remove(role.id, permission.id);
      if (changed) {
        await audit.record(stores, {
          action: isGrant ? 'permission.granted' : 'permission.removed',
          actor,
          subject: { type: 'role', id: role.id },
          detail: { role: role.name, permission: permission.name, permission_id: permission.id },
        });
      }
      return { changed };
    });
  }

  function changeClient(
    actor: Actor,
    names: { clientId: string; role: string },
    isGrant: boolean,
  ): Promise<Change> {
    return change(dependencies, async (stores) => {
      const clientId = await findClient(stores, names.clientId);
      const role = await find(stores, ROLE, names.role);
      const changed = isGrant
        ? await stores.clientRoles.add({ clientId, roleId: role.id, assignedAt: now() })
        : await stores.clientRoles.remove(clientId, role.id);
      if (changed) {
        await audit.record(stores, {
          action: isGrant ? 'role.granted' : 'role.removed',
          actor,
          subject: { type: 'client', id: clientId },
          detail: { role: role.name, role_id: role.id },
        });
      }
      return { changed };
    });
  }

  return {
    grantPermission: (actor, role, permission) => changeRole(actor, { role, permission }, true),
    revokePermission: (actor, role, permission) => changeRole(actor, { role, permission }, false),
    grantRoleToClient: (actor, clientId, role) => changeClient(actor, { clientId, role }, true),
    revokeRoleFromClient: (actor, clientId, role) => changeClient(actor, { clientId, role }, false),
    clientRoles: async (clientId) => storage.clientRoles.list(await findClient(storage, clientId)),
  };
}

async function findClient(stores: Stores, clientId: string): Promise<string> {
  const client = await stores.clients.find(clientId);
  if (client === null) throw noSuch('client', clientId);
  return client.id;
}
