import type { Kysely } from 'kysely';
import type { ClientRoleStore } from '../stores.ts';
import type { Tables } from '../tables.ts';
import { readHeldPage } from './held-page.ts';
import { isUuid, requireUuids } from './uuid.ts';

const LINKS = {
  table: 'app_client_roles',
  holder: 'client_id',
  thing: 'role_id',
  things: 'roles',
} as const;

export function createClientRoleStore(db: Kysely<Tables>): ClientRoleStore {
  const carriedBy = (clientId: string) =>
    db
      .selectFrom('app_client_roles')
      .innerJoin('role_permissions', 'role_permissions.role_id', 'app_client_roles.role_id')
      .innerJoin('permissions', 'permissions.id', 'role_permissions.permission_id')
      .select('permissions.name')
      .distinct()
      .where('app_client_roles.client_id', '=', clientId)
      .orderBy('permissions.name');

  return {
    async add({ clientId, roleId, assignedAt }) {
      requireUuids(clientId, roleId);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('app_client_roles')
        .values({ client_id: clientId, role_id: roleId, assigned_at: assignedAt })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
    },

    async remove(clientId, roleId) {
      if (!isUuid(clientId) || !isUuid(roleId)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('app_client_roles')
        .where('client_id', '=', clientId)
        .where('role_id', '=', roleId)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async list(clientId) {
      if (!isUuid(clientId)) return [];
      return await db
        .selectFrom('app_client_roles')
        .innerJoin('roles', 'roles.id', 'app_client_roles.role_id')
        .select(['roles.id as roleId', 'roles.name', 'app_client_roles.assigned_at as assignedAt'])
        .where('app_client_roles.client_id', '=', clientId)
        .orderBy('roles.name')
        .execute();
    },

    async page(clientId, page) {
      if (!isUuid(clientId)) return { items: [], count: 0 };
      const { items, count } = await readHeldPage(db, LINKS, clientId, page);
      return { items: items.map(({ id, ...link }) => ({ roleId: id, ...link })), count };
    },

    async carried(clientId) {
      if (!isUuid(clientId)) return [];
      const rows = await carriedBy(clientId).execute();
      return rows.map(({ name }) => name);
    },

    async usable(clientId) {
      if (!isUuid(clientId)) return [];
      const rows = await carriedBy(clientId)
        .innerJoin('app_clients', 'app_clients.id', 'app_client_roles.client_id')
        .where('app_clients.is_active', '=', true)
        .execute();
      return rows.map(({ name }) => name);
    },
  };
}
